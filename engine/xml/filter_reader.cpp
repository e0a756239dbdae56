// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/filter_reader.h"

#include "engine/model/chain_name.h"
#include "engine/model/diagnostic_ids.h"
#include "engine/xml/element_checks.h"
#include "engine/xml/rule_reader.h"
#include "engine/xml/schema.h"

#include <fmt/format.h>

namespace nwgate::xml {
namespace {

void read_name(const Element &element, Filter &filter, Diagnostics &diagnostics) {
  const auto name = require_attribute(element, "name", diagnostics);
  if (!name)
    return;
  filter.name = name->value;
  if (!is_filter_name(filter.name))
    diagnostics.error(id::illegal_name, name->where, why_illegal_name(name->value));
}

void read_chain(const Element &element, Filter &filter, Diagnostics &diagnostics) {
  const auto chain = element.attribute("chain");
  if (chain)
    filter.chain = chain->value;
  const auto prefix = chain_prefix(filter.chain);
  if (!prefix)
    diagnostics.error(id::illegal_chain, chain->where, why_illegal_chain(filter.chain));
  else
    filter.priority = default_chain_priority(*prefix);

  const auto priority = element.attribute("priority");
  if (priority) {
    read_priority(*priority, filter.priority, diagnostics);
    if (!chain)
      diagnostics.warning(id::priority_without_chain, priority->where, "libvirt forgets a priority without 'chain'");
    else if (filter.priority == 0 && prefix != ChainPrefix::root)
      diagnostics.warning(id::chain_priority_zero, priority->where,
                          "libvirt takes the prefix's default instead of 0 when it reads the filter again");
  } else if (prefix == ChainPrefix::stp) {
    diagnostics.warning(id::stp_chain_priority, chain->where, "libvirt gives this chain priority 0 instead of -810");
  }
}

void read_uuid(const Element &element, Filter &filter, Diagnostics &diagnostics) {
  allow_attributes(element, {}, diagnostics);
  if (const auto uuid = parse_uuid(element.text()))
    filter.uuid = *uuid;
  else
    diagnostics.error(id::malformed_uuid, element.where(), fmt::format("'{}' is not a UUID", element.text()));
}

} // namespace

std::optional<Filter> read_filter(const std::shared_ptr<const SourceText> &source, const Limits &limits,
                                  Diagnostics &diagnostics) {
  Diagnostics found;
  const auto document = Document::parse(source, limits, found);
  std::optional<Filter> result;
  if (document && document->root().name() != "filter") {
    found.error(id::wrong_root_element, document->root().where(),
                fmt::format("the document is a <{}>, not a <filter>", document->root().name()));
  } else if (document) {
    const auto root = document->root();
    Filter filter;
    filter.where = root.where();
    allow_attributes(root, {"name", "chain", "priority"}, found);
    allow_no_text(root, found);
    read_name(root, filter, found);
    read_chain(root, filter, found);
    bool has_uuid = false;
    for (const auto &child : root.children()) {
      if (child.name() == "rule") {
        filter.items.emplace_back(read_rule(child, found));
      } else if (child.name() == "filterref") {
        if (auto reference = read_filterref(child, found))
          filter.items.emplace_back(std::move(*reference));
      } else if (child.name() == "uuid") {
        if (has_uuid)
          found.error(id::repeated_element, child.where(), "<uuid> stands twice in <filter>");
        has_uuid = true;
        read_uuid(child, filter, found);
      } else {
        report_unknown_child(root, child, found);
      }
    }
    if (limits.check_schema)
      validate(*document, SchemaKind::filter, found);
    if (found.ok())
      result = std::move(filter);
  }
  diagnostics.append(found);
  return result;
}

} // namespace nwgate::xml
