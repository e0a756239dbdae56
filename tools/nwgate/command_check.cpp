// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/bindings.h"
#include "engine/base/diagnostics_json.h"
#include "engine/resolve/resolve.h"
#include "engine/xml/binding_reader.h"
#include "engine/xml/filter_reader.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/compiler.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"

#include <iostream>

namespace nwgate {
namespace {

/// The name of a document's root element, or nothing when it cannot be read; the readers say why.
std::string root_of(const std::shared_ptr<const SourceText> &source, const xml::Limits &limits) {
  Diagnostics ignored;
  const auto document = xml::Document::parse(source, limits, ignored);
  return document ? std::string(document->root().name()) : std::string{};
}

} // namespace

int command_check(const Words &words) {
  Arguments arguments(
      "check", "FILE...",
      "Reads filters and bindings and says what is wrong with them, and where nwgate does otherwise than\n"
      "libvirt. Filters may include each other and the installed ones.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(1, 100000);
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);

  std::vector<Filter> filters;
  std::vector<Binding> bindings;
  auto limits = session.settings.document_limits;
  limits.check_schema = true;
  for (const auto &path : arguments.words()) {
    auto text = store::read_file(path, limits.document_size);
    if (!text)
      return session.fail_with(text.error());
    const auto source = std::make_shared<const SourceText>(path, std::move(*text));
    const auto root = root_of(source, limits);
    if (root == "filterbinding" || root == "cgroupbinding" || root == "interface" || root == "domain") {
      for (auto &binding : xml::read_bindings(source, limits, session.diagnostics))
        bindings.push_back(std::move(binding));
    } else if (auto filter = xml::read_filter(source, limits, session.diagnostics)) {
      session.filters.define(*filter);
      filters.push_back(std::move(*filter));
    }
  }
  for (const auto &filter : filters)
    (void)resolve(filter.name, filter.where, session.filters, session.settings.resolve_limits, session.diagnostics);
  Compiler compiler(session);
  for (const auto &binding : bindings)
    if (binding.cgroup)
      (void)compiler.compile_cgroup(binding, session.diagnostics);
    else
      (void)compiler.compile(binding, session.diagnostics);

  if (session.options.json)
    std::cout << to_json(session.diagnostics.sorted());
  else
    print_diagnostics(session.diagnostics, false);
  return session.diagnostics.ok() ? exit_done : exit_document;
}

} // namespace nwgate
