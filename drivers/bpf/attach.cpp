// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/attach.h"

#include "drivers/bpf/loaded_program.h"
#include "drivers/bpf/pins.h"

#include <cerrno>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace nwgate::bpf {
namespace {

/// The pinned counters, or new ones, which go on from `counted`.
Result<Descriptor> counters_in(const Library &bpf, PinDirectory &directory, const FilterCounts &counted) {
  auto found = directory.counters();
  if (!found)
    return fail(std::move(found.error()));
  if (*found)
    return std::move(**found);
  auto made = make_counters(bpf, counted);
  if (!made)
    return made;
  if (auto pinned = directory.replace(counters_pin, made->get()); !pinned)
    return fail(std::move(pinned.error()));
  return made;
}

class Attachment {
public:
  Attachment(const Library &bpf, PinDirectory &directory, int cgroup, std::uint64_t id)
      : bpf_(bpf), directory_(directory), cgroup_(cgroup), id_(id) {}

  Result<> set(Direction direction, const LoadedProgram &program) {
    const std::string name = pin_name(direction);
    const auto unfinished = PinDirectory::unfinished(name);
    auto replaced = replace(name, direction, program);
    if (!replaced)
      return fail(std::move(replaced.error()));
    if (*replaced)
      return directory_.remove(unfinished);
    // What is left of a process that was killed before its last step.
    replaced = replace(unfinished, direction, program);
    if (!replaced)
      return fail(std::move(replaced.error()));
    return *replaced ? directory_.finish(name) : create(name, direction, program);
  }

private:
  /// False if there is no link of that name to this cgroup.
  Result<bool> replace(const std::string &name, Direction direction, const LoadedProgram &program) {
    auto link = directory_.link(name, direction);
    if (!link)
      return fail(std::move(link.error()));
    if (!*link || (*link)->cgroup_id != id_)
      return false;
    if (bpf_.link_update((*link)->link.get(), program.program.get(), nullptr) != 0)
      return fail("cannot replace the program behind " + directory_.path_of(name), errno);
    return true;
  }

  Result<> create(const std::string &name, Direction direction, const LoadedProgram &program) {
    const Descriptor link(bpf_.link_create(program.program.get(), cgroup_, attach_type(direction), nullptr));
    if (!link)
      return fail("cannot attach a program to the cgroup of inode " + std::to_string(id_), errno);
    return directory_.replace(name, link.get());
  }

  const Library &bpf_;
  PinDirectory &directory_;
  int cgroup_;
  std::uint64_t id_;
};

} // namespace

Result<std::uint64_t> cgroup_id(int cgroup) {
  struct statfs system {};
  struct stat status {};
  if (fstatfs(cgroup, &system) != 0 || fstat(cgroup, &status) != 0)
    return fail("cannot look at the directory of a cgroup", errno);
  if (static_cast<std::uint32_t>(system.f_type) != CGROUP2_SUPER_MAGIC)
    return fail(Error("the directory is not one of a cgroup of version 2"));
  return static_cast<std::uint64_t>(status.st_ino);
}

Result<> attach(const Library &bpf, const CgroupFilter &filter, int cgroup, const std::string &directory,
                const FilterCounts &counted, AttachTimes *times) {
  const auto begin = std::chrono::steady_clock::now();
  const auto id = cgroup_id(cgroup);
  if (!id)
    return fail(id.error());
  PinDirectory pins(bpf, directory);
  if (auto made = pins.make(); !made)
    return made;
  const auto counters = counters_in(bpf, pins, counted);
  if (!counters)
    return fail(counters.error());
  const auto out = load(bpf, filter.out, *counters);
  if (!out)
    return fail(out.error());
  const auto in = load(bpf, filter.in, *counters);
  if (!in)
    return fail(in.error());
  const auto loaded = std::chrono::steady_clock::now();
  Attachment attachment(bpf, pins, cgroup, *id);
  if (auto set = attachment.set(Direction::out, *out); !set)
    return set;
  if (auto set = attachment.set(Direction::in, *in); !set)
    return set;
  if (times != nullptr) {
    times->load += loaded - begin;
    times->attach += std::chrono::steady_clock::now() - loaded;
  }
  return {};
}

Result<> detach(const Library &bpf, const std::string &directory) {
  PinDirectory pins(bpf, directory);
  for (const auto direction : {Direction::out, Direction::in})
    for (const std::string &name : {std::string(pin_name(direction)), PinDirectory::unfinished(pin_name(direction))}) {
      auto link = pins.link(name, direction);
      if (!link)
        return fail(std::move(link.error()));
      // Without it the kernel detaches some time after the last reference is gone. It fails if the cgroup is.
      if (*link)
        bpf.link_detach((*link)->link.get());
      if (auto removed = pins.remove(name); !removed)
        return removed;
    }
  for (const std::string &name : {std::string(counters_pin), PinDirectory::unfinished(counters_pin)})
    if (auto removed = pins.remove(name); !removed)
      return removed;
  return pins.remove();
}

} // namespace nwgate::bpf
