// SPDX-License-Identifier: LGPL-2.1-or-later
/// The name of a cgroup, as a binding says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nwgate {

/// Where in its hierarchy a cgroup is: by path in cgroup v2, or by the class id of net_cls (v1).
struct CgroupName {
  /// From the root of cgroup2 on, `/system.slice/nginx.service`; empty with a class id.
  std::string path;
  /// Of net_cls: what sockets of its cgroups bear; 0 with a path.
  std::uint32_t classid = 0;

  /// The path, or `classid:0x100001`: no port can be called so.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const CgroupName &) const = default;
};

/// A path as CgroupName has it: it begins with a slash, has at most 4095 bytes, and no part of it is empty, `.`, `..`
/// or longer than 255 bytes; but a slash at its end is left out. Nothing if it is none. The root itself, `/`, is one.
std::optional<std::string> normal_cgroup_path(std::string_view path);

/// Decimal, or hexadecimal behind 0x; from 1 to 0xffffffff. The kernel's form is 0xAAAABBBB, major and minor number of
/// tc(8)'s classes.
std::optional<std::uint32_t> parse_classid(std::string_view text);

/// What to_string() made, or nothing.
std::optional<CgroupName> parse_cgroup_name(std::string_view name);

} // namespace nwgate
