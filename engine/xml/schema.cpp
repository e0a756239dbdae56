// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/schema.h"

#include "engine/model/diagnostic_ids.h"
#include "engine/xml/schema_texts.h"

#include <libxml/relaxng.h>
#include <span>
#include <stdexcept>

namespace nwgate::xml {
namespace {

using RngParser = Handle<xmlRelaxNGParserCtxt, xmlRelaxNGFreeParserCtxt>;
using Rng = Handle<xmlRelaxNG, xmlRelaxNGFree>;
using RngValidator = Handle<xmlRelaxNGValidCtxt, xmlRelaxNGFreeValidCtxt>;

struct Found {
  SourcePosition where;
  std::string message;
};
struct Collector {
  const Document &document;
  std::vector<Found> found;
};

void collect(void *data, xmlError *error) noexcept {
  auto &collector = *static_cast<Collector *>(data);
  std::string message = error->message == nullptr ? "not valid" : error->message;
  message.erase(message.find_last_not_of(" \n") + 1);
  collector.found.push_back({collector.document.position_of(static_cast<xmlNode *>(error->node)), std::move(message)});
}

void ignore(void * /*data*/, xmlError * /*error*/) noexcept {}

std::string_view text_of(SchemaKind kind) {
  switch (kind) {
  case SchemaKind::filter:
    return filter_schema_text;
  case SchemaKind::binding:
    return binding_schema_text;
  case SchemaKind::cgroup_binding:
    return cgroup_binding_schema_text;
  }
  return {};
}

Rng compile(std::string_view text) {
  const RngParser parser(xmlRelaxNGNewMemParserCtxt(text.data(), static_cast<int>(text.size())));
  xmlRelaxNGSetParserStructuredErrors(parser.get(), ignore, nullptr);
  return Rng(xmlRelaxNGParse(parser.get()));
}

} // namespace

void validate(const Document &document, SchemaKind kind, Diagnostics &diagnostics) {
  // Once a document has an error of its own, what the schema adds is an echo of it.
  if (!diagnostics.ok())
    return;
  const auto schema = compile(text_of(kind));
  if (!schema)
    throw std::logic_error("a built-in RELAX NG schema does not compile");
  Collector collector{document, {}};
  const RngValidator validator(xmlRelaxNGNewValidCtxt(schema.get()));
  xmlRelaxNGSetValidStructuredErrors(validator.get(), collect, &collector);
  if (xmlRelaxNGValidateDoc(validator.get(), document.native()) == 0)
    return;
  if (collector.found.empty())
    collector.found.push_back({document.root().where(), "does not match the schema"});
  const auto &first = collector.found.front();
  auto &diagnostic = diagnostics.error(id::schema_violation, first.where, first.message);
  for (const auto &more : std::span(collector.found).subspan(1))
    diagnostic.note(more.where, more.message);
}

} // namespace nwgate::xml
