// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/bindings.h"

#include "drivers/store/files.h"
#include "engine/model/diagnostic_ids.h"
#include "engine/xml/binding_reader.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace nwgate::store {
namespace {

std::string file_of(const std::string &directory, const std::string &port) {
  return fmt::format("{}/{}.xml", directory, port);
}

} // namespace

Result<std::vector<BindingFiles::Listed>> BindingFiles::list() const {
  std::map<std::string, Listed> by_port;
  for (const bool permanent : {true, false}) {
    const auto &directory = permanent ? directories_.bindings : directories_.transient_bindings;
    auto names = list_xml(directory);
    if (!names)
      return fail(std::move(names.error()));
    for (const auto &name : *names) {
      const auto port = name.substr(0, name.size() - 4);
      by_port.try_emplace(port, Listed{port, fmt::format("{}/{}", directory, name), permanent});
    }
  }
  std::vector<Listed> files;
  files.reserve(by_port.size());
  for (auto &[port, file] : by_port)
    files.push_back(std::move(file));
  return files;
}

std::optional<BindingFiles::Listed> BindingFiles::find(const std::string &port) const {
  if (port.find('/') != std::string::npos) // a path that leads elsewhere
    return std::nullopt;
  if (auto path = file_of(directories_.bindings, port); exists(path))
    return Listed{port, std::move(path), true};
  if (auto path = transient_path(port); exists(path))
    return Listed{port, std::move(path), false};
  return std::nullopt;
}

std::string BindingFiles::transient_path(const std::string &port) const {
  return file_of(directories_.transient_bindings, port);
}

std::optional<Binding> BindingFiles::read(const Listed &file, Diagnostics &diagnostics) const {
  auto bindings = read_binding_file(file.path, limits_, diagnostics);
  if (bindings.empty())
    return std::nullopt;
  if (bindings.size() > 1 || bindings.front().port != file.port) {
    diagnostics.error(
        id::name_is_not_file_name, bindings.front().where,
        fmt::format("the port is called '{0}', so the file must be called '{0}.xml' and bind nothing else",
                    bindings.front().port));
    return std::nullopt;
  }
  return std::move(bindings.front());
}

std::vector<Binding> read_binding_file(const std::string &path, const xml::Limits &limits, Diagnostics &diagnostics) {
  auto text = read_file(path, limits.document_size);
  auto source = std::make_shared<const SourceText>(path, text ? std::move(*text) : std::string{});
  if (!text) {
    diagnostics.error(id::unreadable_file, {source, 0, 0}, text.error().message());
    return {};
  }
  return xml::read_bindings(source, limits, diagnostics);
}

} // namespace nwgate::store
