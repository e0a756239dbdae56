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
  /// Below the root of this process's cgroup namespace, which is at level 0: so nf_tables counts. Negative above it.
  std::int32_t level = 0;
};

struct Mount {
  /// The directory.
  std::string point;
  /// The cgroup that is seen there, from the root of the cgroup namespace on: `/`, `/a/b`, or `/..` one above it.
  std::string root;
};

class Hierarchy {
public:
  /// By /proc/self/mountinfo. Of several mounts, the first that shows the root of what this process may see (beside
  /// the controllers of v1, cgroup2 is often at /sys/fs/cgroup/unified). Fails with ENOENT if there is none.
  /// Paths are from the cgroup on that is mounted.
  static Result<Hierarchy> find();

  /// Nothing if there is no such cgroup. `path` begins with a slash, from the root on.
  [[nodiscard]] Result<std::optional<Cgroup>> look_up(const std::string &path) const;
  /// From the root of the cgroup namespace on, as the kernel walks it. Nothing if what is mounted is above that root.
  [[nodiscard]] std::optional<std::string> path_in_namespace(const std::string &path) const;
  /// Of the cgroup's directory.
  [[nodiscard]] std::string directory_of(const std::string &path) const;

  /// The cgroup that this process is in. Fails if it is not below the one that is mounted, or if the way there cannot
  /// be told.
  [[nodiscard]] Result<std::string> own() const;
  /// Makes a cgroup, whose parent is there.
  [[nodiscard]] Result<> make(const std::string &path) const;
  /// Removes one without processes; EBUSY if it has any. Nothing happens if it is not there.
  [[nodiscard]] Result<> remove(const std::string &path) const;

private:
  explicit Hierarchy(Mount mount) : mount_(std::move(mount)) {}
  Mount mount_;
};

/// Of the root 0, of `/a/b` 2, of `/../a` 0, of `/..` -1.
std::int32_t level_of(std::string_view path);

/// A cgroup, given from the root of the cgroup namespace on, from the mounted one on; nothing if that is not above it.
std::optional<std::string> path_below(std::string_view mounted, std::string_view cgroup);

/// Where cgroup2 is mounted, by the text of a mountinfo(5) file; nothing if it is nowhere.
std::optional<Mount> cgroup2_mount_in(std::string_view mountinfo);

} // namespace nwgate::cgroup
