// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/bindings.h"

#include "drivers/store/files.h"
#include "engine/base/hash.h"
#include "engine/model/diagnostic_ids.h"
#include "engine/xml/binding_reader.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

namespace nwgate::store {
namespace {

/// Of a file's name NAME_MAX (255) are left for this: `.` and `.xml.new` go around it while the file is written.
constexpr std::size_t longest_stem = 240, kept_of_long_stems = 200;
constexpr std::string_view before_hash = "%-"; // `%` is followed by a number otherwise
constexpr std::size_t hash_digits = 16;

bool is_shortened(std::string_view stem) {
  const auto behind = before_hash.size() + hash_digits;
  return stem.starts_with(':') && stem.size() > behind && stem.substr(stem.size() - behind).starts_with(before_hash);
}

std::string whole_stem_of(const std::string &name) {
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

std::string file_of(const std::string &directory, const std::string &stem) {
  return fmt::format("{}/{}.xml", directory, stem);
}

/// What is written `path='...'` somewhere in a document that cannot be read.
std::vector<std::string> paths_in(std::string_view text) {
  std::vector<std::string> paths;
  static constexpr std::pair<std::string_view, char> entities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
  for (auto at = text.find("path="); at != text.npos; at = text.find("path=", at + 1)) {
    const auto begin = at + 6;
    const auto end = begin < text.size() ? text.find(text[begin - 1], begin) : text.npos;
    if (end == text.npos)
      continue;
    std::string path;
    for (auto rest = text.substr(begin, end - begin); !rest.empty();) {
      const auto *const entity =
          std::ranges::find_if(entities, [&](const auto &known) { return rest.starts_with(known.first); });
      path += entity == std::end(entities) ? rest.front() : entity->second;
      rest.remove_prefix(entity == std::end(entities) ? 1 : entity->first.size());
    }
    if (auto normal = normal_cgroup_path(path))
      paths.push_back(std::move(*normal));
  }
  return paths;
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
      const auto path = fmt::format("{}/{}", directory, name);
      const auto stem = name.substr(0, name.size() - 4);
      auto bound = name_of_stem(stem);
      if (!bound) {
        const auto bindings = names_in(path);
        const auto own = std::ranges::find(bindings, stem, file_stem_of);
        bound = own == bindings.end() ? stem : *own;
      }
      by_name.try_emplace(*bound, Listed{*bound, path, permanent});
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
  const auto stem = file_stem_of(name);
  const auto is_its = [&](const std::string &path) {
    if (!exists(path))
      return false;
    if (!is_shortened(stem))
      return true;
    const auto bindings = names_in(path);
    return bindings.empty() || std::ranges::find(bindings, name) != bindings.end();
  };
  // The administrator's file may have a longer name than those that are written by us.
  if (auto path = file_of(directories_.bindings, whole_stem_of(name)); exists(path))
    return Listed{name, std::move(path), true};
  if (auto path = file_of(directories_.bindings, stem); is_its(path))
    return Listed{name, std::move(path), true};
  if (auto path = transient_path(name); is_its(path))
    return Listed{name, std::move(path), false};
  return std::nullopt;
}

/// What a file binds, as far as it can be told.
std::vector<std::string> BindingFiles::names_in(const std::string &path) const {
  Diagnostics untold;
  std::vector<std::string> names;
  for (const auto &binding : read_binding_file(path, limits_, untold))
    names.push_back(binding.name());
  if (names.empty())
    if (const auto text = read_file(path, limits_.document_size))
      names = paths_in(*text);
  return names;
}

std::string BindingFiles::transient_path(const std::string &name) const {
  return file_of(directories_.transient_bindings, file_stem_of(name));
}

std::optional<Binding> BindingFiles::read(const Listed &file, Diagnostics &diagnostics) const {
  auto bindings = read_binding_file(file.path, limits_, diagnostics);
  if (bindings.empty())
    return std::nullopt;
  const auto name = bindings.front().name();
  const auto has_stem = [&](const std::string &stem) { return file.path.ends_with('/' + stem + ".xml"); };
  const bool is_its_file = has_stem(file_stem_of(name)) || has_stem(whole_stem_of(name));
  if (bindings.size() > 1 || name != file.name || !is_its_file) {
    diagnostics.error(id::name_is_not_file_name, bindings.front().where,
                      fmt::format("'{}' is bound here, so the file must be called '{}.xml' and bind nothing else", name,
                                  file_stem_of(name)));
    return std::nullopt;
  }
  return std::move(bindings.front());
}

std::string file_stem_of(const std::string &name) { return shortened(whole_stem_of(name)); }

std::string shortened(std::string stem) {
  if (stem.size() <= longest_stem)
    return stem;
  const auto hash = fnv_hash(stem);
  auto kept = kept_of_long_stems;
  while ((static_cast<unsigned char>(stem[kept]) & 0xc0U) == 0x80U && kept > 0) // within a character of UTF-8
    --kept;
  stem.resize(kept);
  return fmt::format("{}{}{:0{}x}", stem, before_hash, hash, hash_digits);
}

std::optional<std::string> name_of_stem(const std::string &stem) {
  if (!stem.starts_with(':'))
    return stem;
  if (is_shortened(stem))
    return std::nullopt;
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
