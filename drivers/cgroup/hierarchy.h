// SPDX-License-Identifier: LGPL-2.1-or-later
/// The tree of cgroups v2 of this host, wherever it is mounted.
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nwgate::cgroup {

struct Cgroup {
  /// What the kernel knows it by: another one when a cgroup is made again under the same path.
  std::uint64_t id = 0;
  /// Below the root, which is at level 0.
  std::uint32_t level = 0;
};

class Hierarchy {
public:
  /// By /proc/self/mountinfo. Of several mounts, the first that shows the root of what this process may see (beside
  /// the controllers of v1, cgroup2 is often at /sys/fs/cgroup/unified). Fails with ENOENT if there is none.
  static Result<Hierarchy> find();

  /// Nothing if there is no such cgroup. `path` begins with a slash, from the root on.
  [[nodiscard]] Result<std::optional<Cgroup>> look_up(const std::string &path) const;
  /// Of the cgroup's directory.
  [[nodiscard]] std::string directory_of(const std::string &path) const;

  /// The cgroup that this process is in.
  [[nodiscard]] static Result<std::string> own();
  /// Makes a cgroup, whose parent is there.
  [[nodiscard]] Result<> make(const std::string &path) const;
  /// Removes one without processes; EBUSY if it has any. Nothing happens if it is not there.
  [[nodiscard]] Result<> remove(const std::string &path) const;

private:
  explicit Hierarchy(std::string mount_point) : mount_point_(std::move(mount_point)) {}
  std::string mount_point_;
};

/// Of the root 0, of `/a/b` 2.
std::uint32_t level_of(std::string_view path);

/// Where cgroup2 is mounted, by the text of a mountinfo(5) file; nothing if it is nowhere.
std::optional<std::string> cgroup2_mount_in(std::string_view mountinfo);

} // namespace nwgate::cgroup
