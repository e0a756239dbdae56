// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/bpf_cgroups.h"

#include "drivers/bpf/pins.h"
#include "drivers/cgroup/hierarchy.h"
#include "engine/base/hash.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <iostream>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace nwgate {
namespace {

namespace fs = std::filesystem;

/// The directory of a cgroup, open; -1 if there is none.
class OpenCgroup {
public:
  explicit OpenCgroup(const std::string &directory)
      : descriptor_(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), error_(errno) {}
  OpenCgroup(const OpenCgroup &) = delete;
  OpenCgroup &operator=(const OpenCgroup &) = delete;
  ~OpenCgroup() {
    if (descriptor_ >= 0)
      close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_absent() const { return descriptor_ < 0 && (error_ == ENOENT || error_ == ENOTDIR); }
  [[nodiscard]] int error() const { return error_; }

private:
  int descriptor_;
  int error_;
};

auto microseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

std::string_view text_of(bpf::Drift drift) {
  switch (drift) {
  case bpf::Drift::none:
    return "";
  case bpf::Drift::missing:
    return "missing";
  case bpf::Drift::other_cgroup:
    return "of a cgroup that is gone";
  case bpf::Drift::other_program:
    break;
  }
  return "another program";
}

/// Visits each filter whose cgroup is there, with the cgroup open.
template <typename Visit> Result<> for_each_present(const BpfChange &change, Visit visit) {
  if (change.filters.empty())
    return {};
  const auto hierarchy = cgroup::Hierarchy::find();
  if (!hierarchy)
    return fail(hierarchy.error());
  for (const auto &filter : change.filters) {
    const auto directory = hierarchy->directory_of(filter.name.path);
    const OpenCgroup cgroup(directory);
    if (cgroup.is_absent())
      continue;
    if (cgroup.get() < 0)
      return fail("cannot open cgroup " + directory, cgroup.error());
    if (auto visited = visit(filter, cgroup.get()); !visited) {
      const auto id = bpf::cgroup_id(cgroup.get());
      const auto now = hierarchy->look_up(filter.name.path);
      if (id && now && (!*now || (*now)->id != *id))
        continue; // it has gone meanwhile
      return visited;
    }
  }
  return {};
}

} // namespace

BpfPins::BpfPins(const Session &session) : base_(std::string(file_system) + "/nwgate") {
  if (!session.options.root.empty())
    base_ += fmt::format("-{:x}", fnv_hash(fs::absolute(session.options.root).lexically_normal().string()));
}

// bpffs takes no dots in names.
std::string BpfPins::directory_of(const std::string &name) const {
  std::string encoded;
  for (const char c : store::file_stem_of(name))
    encoded += c == '.' ? std::string("%2E") : std::string(1, c);
  return base_ + '/' + store::shortened(encoded);
}

std::set<std::string> BpfPins::links_of(const std::string &name) const {
  const auto directory = directory_of(name) + '/';
  return {directory + bpf::pin_name(Direction::out), directory + bpf::pin_name(Direction::in)};
}

std::string BpfPins::name_of(const std::string &directory) {
  auto stem = fs::path(directory).filename().string();
  for (auto at = stem.find("%2E"); at != std::string::npos; at = stem.find("%2E"))
    stem.replace(at, 3, ".");
  return store::name_of_stem(stem).value_or(stem);
}

Result<std::vector<std::string>> BpfPins::list() const {
  std::vector<std::string> directories;
  std::error_code error;
  for (fs::directory_iterator entry(base_, error), end; !error && entry != end; entry.increment(error))
    directories.push_back(entry->path().string());
  if (error && error != std::errc::no_such_file_or_directory)
    return fail("cannot list " + base_, error.value());
  return directories;
}

bool BpfPins::is_usable() {
  struct statfs status {};
  return statfs(file_system, &status) == 0 && status.f_type == BPF_FS_MAGIC;
}

Result<> attach_bpf(const Session &session, const BpfChange &change) {
  if (change.filters.empty())
    return {};
  const auto library = bpf::Library::load();
  if (!library)
    return fail(library.error());
  const BpfPins pins(session);
  bpf::WantedTags tags(*library);
  bpf::AttachTimes times;
  std::chrono::nanoseconds compile_time{};
  std::size_t count = 0;
  auto all = for_each_present(change, [&](const BpfChange::Filter &filter, int cgroup) -> Result<> {
    const auto directory = pins.directory_of(filter.name.to_string());
    if (change.only_where_missing) {
      const auto id = bpf::cgroup_id(cgroup);
      if (!id)
        return fail(id.error());
      const auto attached = bpf::read_attached(*library, directory);
      if (attached && attached->out && attached->in && attached->out->cgroup_id == *id &&
          attached->in->cgroup_id == *id)
        return {};
    } else if (change.everything) { // what is named has most likely changed: to compare it would load it twice
      const auto drift = bpf::compare(*library, tags, filter.filter, cgroup, directory);
      if (drift && drift->out == bpf::Drift::none && drift->in == bpf::Drift::none)
        return {};
    }
    ++count;
    compile_time += filter.compile_time;
    auto attached = bpf::attach(*library, filter.filter, cgroup, directory, filter.counted, &times);
    if (attached && change.when_attached)
      change.when_attached(filter.name);
    return attached;
  });
  if (all && session.options.timing && count > 0)
    std::cerr << fmt::format(
        "bpf: {} us to load and {} us to attach the filters of {} cgroups, {} us to compile them\n",
        microseconds(times.load), microseconds(times.attach), count, microseconds(compile_time));
  return all;
}

Result<> detach_bpf(const Session &session, const BpfChange &change) {
  const BpfPins pins(session);
  std::set<std::string> leaving; // directories
  for (const auto &name : change.leaving)
    leaving.insert(pins.directory_of(name));
  if (change.everything) {
    auto pinned = pins.list();
    if (!pinned)
      return fail(pinned.error());
    leaving.insert(pinned->begin(), pinned->end());
    for (const auto &filter : change.filters)
      leaving.erase(pins.directory_of(filter.name.to_string()));
    for (const auto &name : change.untouched)
      leaving.erase(pins.directory_of(name));
  }
  std::erase_if(leaving, [](const std::string &directory) { return !fs::exists(directory); });
  if (leaving.empty())
    return {};
  const auto library = bpf::Library::load();
  if (!library)
    return fail(library.error());
  const auto begin = std::chrono::steady_clock::now();
  for (const auto &directory : leaving)
    if (auto detached = bpf::detach(*library, directory); !detached)
      return detached;
  if (session.options.timing)
    std::cerr << fmt::format("bpf: {} us to detach the filters of {} cgroups\n",
                             microseconds(std::chrono::steady_clock::now() - begin), leaving.size());
  return {};
}

Result<std::map<std::string, std::string>> bpf_drift(const Session &session, const BpfChange &change) {
  std::map<std::string, std::string> drifts;
  const BpfPins pins(session);
  if (!change.filters.empty()) {
    const auto library = bpf::Library::load();
    if (!library)
      return fail(library.error());
    bpf::WantedTags tags(*library);
    auto compared = for_each_present(change, [&](const BpfChange::Filter &filter, int cgroup) -> Result<> {
      const auto name = filter.name.to_string();
      const auto drift = bpf::compare(*library, tags, filter.filter, cgroup, pins.directory_of(name));
      if (!drift)
        return fail(drift.error());
      const auto worst = std::max(drift->out, drift->in);
      if (worst != bpf::Drift::none)
        drifts[name] = text_of(worst);
      return {};
    });
    if (!compared)
      return fail(std::move(compared.error()));
  }
  const auto pinned = pins.list();
  if (!pinned)
    return fail(pinned.error());
  std::set<std::string> wanted;
  for (const auto &filter : change.filters)
    wanted.insert(pins.directory_of(filter.name.to_string()));
  for (const auto &name : change.untouched)
    wanted.insert(pins.directory_of(name));
  for (const auto &directory : *pinned)
    if (!wanted.contains(directory))
      drifts[BpfPins::name_of(directory)] = "left over";
  return drifts;
}

} // namespace nwgate
