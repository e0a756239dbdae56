// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/pins.h"

#include "drivers/bpf/cgroup_program.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <linux/magic.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace nwgate::bpf {
namespace {

namespace fs = std::filesystem;

/// The kernel calls the object behind the descriptor so: `anon_inode:bpf-map`; it has two names for links, `bpf-link`
/// and `bpf_link`.
bool is_object(const Descriptor &object, std::string_view kind) {
  std::error_code ignored;
  const auto name = fs::read_symlink("/proc/self/fd/" + std::to_string(object.get()), ignored).string();
  return name.starts_with("anon_inode:bpf") && name.ends_with(kind);
}

Result<> require_bpf(const fs::path &path) {
  auto existing = path;
  std::error_code ignored;
  while (!fs::exists(existing, ignored) && existing.has_relative_path())
    existing = existing.parent_path();
  struct statfs status {};
  if (statfs(existing.c_str(), &status) != 0)
    return fail("cannot look at " + existing.string(), errno);
  if (static_cast<std::uint32_t>(status.f_type) != BPF_FS_MAGIC)
    return fail(Error(path.string() + " is in no file system of type bpf, in which the filters of cgroups are kept: "
                                      "mount -t bpf bpf /sys/fs/bpf"));
  return {};
}

} // namespace

const char *pin_name(Direction direction) { return direction == Direction::out ? "out" : "in"; }

bpf_attach_type attach_type(Direction direction) {
  return direction == Direction::out ? BPF_CGROUP_INET_EGRESS : BPF_CGROUP_INET_INGRESS;
}

Result<> PinDirectory::make() {
  if (auto in_place = require_bpf(path_); !in_place)
    return in_place;
  std::error_code error;
  fs::create_directories(path_, error);
  if (error)
    return fail("cannot make the directory " + path_, error.value());
  return {};
}

Result<std::optional<Descriptor>> PinDirectory::open(const std::string &name) {
  Descriptor object(bpf_.obj_get(path_of(name).c_str()));
  if (!object && errno == ENOENT)
    return std::optional<Descriptor>();
  if (!object)
    return fail("cannot open " + path_of(name), errno);
  return std::optional(std::move(object));
}

Result<std::optional<Link>> PinDirectory::link(const std::string &name, Direction direction) {
  auto object = open(name);
  if (!object)
    return fail(std::move(object.error()));
  if (!*object || !is_object(**object, "link"))
    return std::optional<Link>();
  bpf_link_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_.obj_get_info_by_fd((*object)->get(), &info, &size) != 0)
    return fail("cannot ask what " + path_of(name) + " is", errno);
  if (info.type != BPF_LINK_TYPE_CGROUP ||
      info.cgroup.attach_type != static_cast<std::uint32_t>(attach_type(direction)))
    return std::optional<Link>();
  return std::optional(Link{std::move(**object), info.cgroup.cgroup_id, info.prog_id});
}

Result<std::optional<Descriptor>> PinDirectory::counters() {
  auto object = open(counters_pin);
  if (!object)
    return fail(std::move(object.error()));
  if (!*object || !is_object(**object, "map"))
    return std::optional<Descriptor>();
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_.obj_get_info_by_fd((*object)->get(), &info, &size) != 0)
    return fail("cannot ask what " + path_of(counters_pin) + " is", errno);
  if (info.type != BPF_MAP_TYPE_PERCPU_ARRAY || info.value_size != CounterIndex::value_size ||
      info.max_entries != CounterIndex::count)
    return std::optional<Descriptor>();
  return object;
}

Result<> PinDirectory::replace(const std::string &name, int object) {
  if (auto removed = remove(unfinished(name)); !removed)
    return removed;
  if (bpf_.obj_pin(object, path_of(unfinished(name)).c_str()) != 0)
    return fail("cannot pin " + path_of(unfinished(name)), errno);
  return finish(name);
}

Result<> PinDirectory::finish(const std::string &name) {
  if (std::rename(path_of(unfinished(name)).c_str(), path_of(name).c_str()) != 0)
    return fail("cannot rename " + path_of(unfinished(name)) + " to " + name, errno);
  return {};
}

Result<> PinDirectory::remove(const std::string &name) {
  if (unlink(path_of(name).c_str()) != 0 && errno != ENOENT && errno != ENOTDIR)
    return fail("cannot remove " + path_of(name), errno);
  return {};
}

Result<> PinDirectory::remove() {
  if (rmdir(path_.c_str()) != 0 && errno != ENOENT)
    return fail("cannot remove the directory " + path_, errno);
  return {};
}

} // namespace nwgate::bpf
