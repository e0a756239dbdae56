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

std::string file_of(const std::string &directory, const std::string &name) {
  return fmt::format("{}/{}.xml", directory, file_stem_of(name));
}

/// Neither a path that leads elsewhere, nor anything that no binding can be called.
bool is_binding_name(const std::string &name) {
  return name.find('/') == std::string::npos || (name.front() == '/' && normal_cgroup_path(name) == name);
}

} // namespace

Result<std::vector<BindingFiles::Listed>> BindingFiles::list() const {
  std::map<std::string, Listed> by_name;
  for (const bool permanent : {true, false}) {
    const auto &directory = permanent ? directories_.bindings : directories_.transient_bindings;
    auto names = list_xml(directory);
    if (!names)
      return fail(std::move(names.error()));
    for (const auto &name : *names) {
      const auto bound = name_of_stem(name.substr(0, name.size() - 4));
      by_name.try_emplace(bound, Listed{bound, fmt::format("{}/{}", directory, name), permanent});
    }
  }
  std::vector<Listed> files;
  files.reserve(by_name.size());
  for (auto &[name, file] : by_name)
    files.push_back(std::move(file));
  return files;
}

std::optional<BindingFiles::Listed> BindingFiles::find(const std::string &name) const {
  if (!is_binding_name(name))
    return std::nullopt;
  if (auto path = file_of(directories_.bindings, name); exists(path))
    return Listed{name, std::move(path), true};
  if (auto path = transient_path(name); exists(path))
    return Listed{name, std::move(path), false};
  return std::nullopt;
}

std::string BindingFiles::transient_path(const std::string &name) const {
  return file_of(directories_.transient_bindings, name);
}

std::optional<Binding> BindingFiles::read(const Listed &file, Diagnostics &diagnostics) const {
  auto bindings = read_binding_file(file.path, limits_, diagnostics);
  if (bindings.empty())
    return std::nullopt;
  const auto name = bindings.front().name();
  if (bindings.size() > 1 || name != file.name || !file.path.ends_with('/' + file_stem_of(name) + ".xml")) {
    diagnostics.error(id::name_is_not_file_name, bindings.front().where,
                      fmt::format("'{}' is bound here, so the file must be called '{}.xml' and bind nothing else", name,
                                  file_stem_of(name)));
    return std::nullopt;
  }
  return std::move(bindings.front());
}

std::string file_stem_of(const std::string &name) {
  if (!name.starts_with('/'))
    return name;
  std::string stem;
  for (const char c : name)
    if (c == '/')
      stem += ':';
    else if (c == ':')
      stem += "%3A";
    else if (c == '%')
      stem += "%25";
    else
      stem += c;
  return stem;
}

std::string name_of_stem(const std::string &stem) {
  if (!stem.starts_with(':'))
    return stem;
  std::string name;
  for (std::size_t at = 0; at < stem.size(); ++at)
    if (stem[at] == ':') {
      name += '/';
    } else if (stem.compare(at, 3, "%3A") == 0 || stem.compare(at, 3, "%25") == 0) {
      name += stem[at + 1] == '3' ? ':' : '%';
      at += 2;
    } else {
      name += stem[at];
    }
  return name;
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
