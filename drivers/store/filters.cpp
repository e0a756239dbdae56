// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/filters.h"

#include "drivers/store/files.h"
#include "engine/model/diagnostic_ids.h"
#include "engine/xml/filter_reader.h"

#include <fmt/format.h>

namespace nwgate::store {

std::vector<std::string> FilterFiles::search_path(const Directories &directories,
                                                  const std::vector<std::string> &further) {
  std::vector<std::string> path = {directories.filters, directories.defined_filters};
  path.insert(path.end(), further.begin(), further.end());
  path.insert(path.end(), directories.shipped_filters.begin(), directories.shipped_filters.end());
  return path;
}

std::optional<std::string> FilterFiles::path_of(std::string_view name) const {
  if (name.find('/') != std::string_view::npos) // a path that leads elsewhere
    return std::nullopt;
  for (const auto &directory : directories_) {
    auto path = fmt::format("{}/{}.xml", directory, name);
    if (!hidden_.contains(path) && exists(path))
      return path;
  }
  return std::nullopt;
}

const Filter *FilterFiles::find(std::string_view name, Diagnostics &diagnostics) {
  asked_.emplace(name);
  const auto [known, is_new] = read_.try_emplace(std::string(name));
  auto &read = known->second;
  if (is_new)
    if (const auto path = path_of(name))
      read.filter = read_filter_file(*path, limits_, read.diagnostics);
  diagnostics.append(read.diagnostics);
  return read.filter ? &*read.filter : nullptr;
}

void FilterFiles::define(Filter filter) {
  auto name = filter.name;
  read_.insert_or_assign(std::move(name), Read{std::move(filter), {}});
}

Result<std::vector<std::string>> FilterFiles::names() const {
  std::set<std::string> names;
  for (const auto &directory : directories_) {
    auto files = list_xml(directory);
    if (!files)
      return fail(std::move(files.error()));
    for (const auto &file : *files)
      if (!hidden_.contains(fmt::format("{}/{}", directory, file)))
        names.insert(file.substr(0, file.size() - 4));
  }
  for (const auto &[name, read] : read_)
    if (read.filter)
      names.insert(name);
  return std::vector<std::string>(names.begin(), names.end());
}

std::optional<Filter> read_filter_file(const std::string &path, const xml::Limits &limits, Diagnostics &diagnostics) {
  auto text = read_file(path, limits.document_size);
  auto source = std::make_shared<const SourceText>(path, text ? std::move(*text) : std::string{});
  if (!text) {
    diagnostics.error(id::unreadable_file, {source, 0, 0}, text.error().message());
    return std::nullopt;
  }
  auto filter = xml::read_filter(source, limits, diagnostics);
  if (filter && !path.ends_with("/" + filter->name + ".xml")) {
    diagnostics.error(id::name_is_not_file_name, filter->where,
                      fmt::format("the filter is called '{0}', so its file must be called '{0}.xml'", filter->name));
    return std::nullopt;
  }
  return filter;
}

} // namespace nwgate::store
