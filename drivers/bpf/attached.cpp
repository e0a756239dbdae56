// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/attached.h"

#include "drivers/bpf/loaded_program.h"
#include "drivers/bpf/pins.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace nwgate::bpf {
namespace {

struct ProgramInfo {
  AttachedProgram program;
  /// In the order in which the code refers to them.
  std::vector<std::uint32_t> maps;
};

Result<ProgramInfo> info_of(const Library &bpf, const Descriptor &program) {
  constexpr auto what = "cannot ask what a program is";
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  if (bpf.obj_get_info_by_fd(program.get(), &info, &size) != 0)
    return fail(what, errno);
  ProgramInfo result;
  result.program.id = info.id;
  std::ranges::copy(info.tag, result.program.tag.begin());
  result.maps.resize(info.nr_map_ids);
  const auto maps = info.nr_map_ids;
  info = {};
  info.nr_map_ids = maps;
  info.map_ids = reinterpret_cast<std::uintptr_t>(result.maps.data());
  size = sizeof info;
  if (bpf.obj_get_info_by_fd(program.get(), &info, &size) != 0)
    return fail(what, errno);
  return result;
}

Result<std::uint32_t> map_id(const Library &bpf, const Descriptor &map) {
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (bpf.obj_get_info_by_fd(map.get(), &info, &size) != 0)
    return fail("cannot ask what a map is", errno);
  return info.id;
}

/// False if the map has other prefixes, or is of another kind.
Result<bool> has_prefixes(const Library &bpf, std::uint32_t id, const PrefixMap &wanted) {
  const Descriptor map(bpf.map_get_fd_by_id(id));
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (!map || bpf.obj_get_info_by_fd(map.get(), &info, &size) != 0)
    return fail("cannot read the map " + std::to_string(id), errno);
  if (info.type != BPF_MAP_TYPE_LPM_TRIE || info.key_size != key_of({}, wanted.version).size())
    return false;
  std::vector<std::vector<std::uint8_t>> keys;
  for (const auto &prefix : wanted.prefixes)
    keys.push_back(key_of(prefix, wanted.version));
  std::ranges::sort(keys);
  std::vector<std::uint8_t> key(info.key_size), next(info.key_size);
  std::size_t found = 0;
  while (bpf.map_get_next_key(map.get(), found == 0 ? nullptr : key.data(), next.data()) == 0) {
    if (found == keys.size() || !std::ranges::binary_search(keys, next))
      return false;
    ++found;
    std::swap(key, next);
  }
  if (errno != ENOENT)
    return fail("cannot read the map " + std::to_string(id), errno);
  return found == keys.size();
}

Result<std::optional<ProgramInfo>> attached_program(const Library &bpf, PinDirectory &pins, Direction direction) {
  const auto link = pins.link(pin_name(direction), direction);
  if (!link)
    return fail(link.error());
  if (!*link)
    return std::optional<ProgramInfo>();
  const Descriptor program(bpf.prog_get_fd_by_id((*link)->program_id));
  if (!program)
    return fail("cannot open the program " + std::to_string((*link)->program_id), errno);
  auto info = info_of(bpf, program);
  if (!info)
    return fail(info.error());
  info->program.cgroup_id = (*link)->cgroup_id;
  return std::optional(std::move(*info));
}

class Comparison {
public:
  Comparison(const Library &bpf, WantedTags &tags, PinDirectory &pins, const Descriptor &counters, std::uint64_t cgroup)
      : bpf_(bpf), tags_(tags), pins_(pins), counters_(counters), cgroup_(cgroup) {}

  Result<Drift> of(const CgroupProgram &wanted) {
    const auto attached = attached_program(bpf_, pins_, wanted.direction);
    if (!attached)
      return fail(attached.error());
    if (!*attached)
      return Drift::missing;
    if ((*attached)->program.cgroup_id != cgroup_)
      return Drift::other_cgroup;
    const auto same = is_same(**attached, wanted);
    if (!same)
      return fail(same.error());
    return *same ? Drift::none : Drift::other_program;
  }

private:
  Result<bool> is_same(const ProgramInfo &attached, const CgroupProgram &wanted) {
    const auto tag = tags_.of(wanted, counters_);
    if (!tag)
      return fail(tag.error());
    const auto counters = map_id(bpf_, counters_);
    if (!counters)
      return fail(counters.error());
    if (attached.program.tag != *tag || attached.maps.size() != wanted.maps.size() + 1 ||
        attached.maps.back() != *counters)
      return false;
    for (std::size_t i = 0; i < wanted.maps.size(); ++i) {
      auto same = has_prefixes(bpf_, attached.maps[i], wanted.maps[i]);
      if (!same || !*same)
        return same;
    }
    return true;
  }

  const Library &bpf_;
  WantedTags &tags_;
  PinDirectory &pins_;
  const Descriptor &counters_;
  std::uint64_t cgroup_;
};

} // namespace

Result<AttachedFilter> read_attached(const Library &bpf, const std::string &directory) {
  PinDirectory pins(bpf, directory);
  AttachedFilter filter;
  for (const auto direction : {Direction::out, Direction::in}) {
    auto program = attached_program(bpf, pins, direction);
    if (!program)
      return fail(program.error());
    if (*program)
      (direction == Direction::out ? filter.out : filter.in) = (*program)->program;
  }
  const auto counters = pins.counters();
  if (!counters)
    return fail(counters.error());
  if (!*counters)
    return filter;
  const auto counts = read_counters(bpf, **counters);
  if (!counts)
    return fail(counts.error());
  filter.counts = *counts;
  return filter;
}

Result<Tag> WantedTags::of(const CgroupProgram &program, const Descriptor &counters) {
  const std::string code(reinterpret_cast<const char *>(program.code.data()), program.code.size() * sizeof(bpf_insn));
  if (const auto known = tags_.find(code); known != tags_.end())
    return known->second;
  const auto loaded = load(bpf_, program, counters);
  if (!loaded)
    return fail(loaded.error());
  const auto info = info_of(bpf_, loaded->program);
  if (!info)
    return fail(info.error());
  return tags_[code] = info->program.tag;
}

Result<FilterDrift> compare(const Library &bpf, WantedTags &tags, const CgroupFilter &wanted, int cgroup,
                            const std::string &directory) {
  const auto id = cgroup_id(cgroup);
  if (!id)
    return fail(id.error());
  PinDirectory pins(bpf, directory);
  auto counters = pins.counters();
  if (!counters)
    return fail(counters.error());
  if (!*counters) { // whatever is attached has others
    auto made = make_counters(bpf);
    if (!made)
      return fail(made.error());
    *counters = std::move(*made);
  }
  Comparison comparison(bpf, tags, pins, **counters, *id);
  const auto out = comparison.of(wanted.out);
  if (!out)
    return fail(out.error());
  const auto in = comparison.of(wanted.in);
  if (!in)
    return fail(in.error());
  return FilterDrift{*out, *in};
}

} // namespace nwgate::bpf
