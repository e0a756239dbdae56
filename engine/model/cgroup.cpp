// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/cgroup.h"

#include <charconv>
#include <fmt/format.h>

namespace nwgate {
namespace {

constexpr std::string_view classid_prefix = "classid:";
/// PATH_MAX of the kernel, with the terminator.
constexpr std::size_t longest_path = 4095;
/// NAME_MAX: no cgroup can be called longer.
constexpr std::size_t longest_part = 255;

} // namespace

std::string CgroupName::to_string() const {
  return path.empty() ? fmt::format("{}0x{:x}", classid_prefix, classid) : path;
}

std::optional<std::string> normal_cgroup_path(std::string_view path) {
  if (!path.starts_with('/') || path.size() > longest_path)
    return std::nullopt;
  if (path == "/")
    return std::string(path);
  if (path.ends_with('/'))
    path.remove_suffix(1);
  for (auto rest = path.substr(1);;) {
    const auto part = rest.substr(0, rest.find('/'));
    if (part.empty() || part.size() > longest_part || part == "." || part == ".." ||
        part.find_first_of(std::string_view("\n\0", 2)) != part.npos)
      return std::nullopt;
    if (part.size() == rest.size())
      return std::string(path);
    rest.remove_prefix(part.size() + 1);
  }
}

std::optional<std::uint32_t> parse_classid(std::string_view text) {
  const bool is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (is_hexadecimal)
    text.remove_prefix(2);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, is_hexadecimal ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size() || number == 0)
    return std::nullopt;
  return number;
}

std::optional<CgroupName> parse_cgroup_name(std::string_view name) {
  if (name.starts_with(classid_prefix)) {
    const auto classid = parse_classid(name.substr(classid_prefix.size()));
    return classid ? std::optional(CgroupName{{}, *classid}) : std::nullopt;
  }
  auto path = normal_cgroup_path(name);
  return path ? std::optional(CgroupName{std::move(*path), 0}) : std::nullopt;
}

} // namespace nwgate
