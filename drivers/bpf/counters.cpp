// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/counters.h"

#include "drivers/bpf/cgroup_program.h"

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

namespace nwgate::bpf {
namespace {

static_assert(sizeof(Counts) == CounterIndex::value_size);

/// Each index of the map with its place in `counts`.
template <typename Filter> auto places(Filter &counts) {
  return std::array{std::pair{CounterIndex::out_accepted, &counts.out.accepted},
                    std::pair{CounterIndex::out_dropped, &counts.out.dropped},
                    std::pair{CounterIndex::in_accepted, &counts.in.accepted},
                    std::pair{CounterIndex::in_dropped, &counts.in.dropped}};
}

/// One value for each processor, all 0.
Result<std::vector<Counts>> values(const Library &bpf) {
  const int processors = bpf.num_possible_cpus();
  if (processors < 1)
    return fail("cannot count the processors", errno);
  return std::vector<Counts>(static_cast<std::size_t>(processors));
}

} // namespace

Result<Descriptor> make_counters(const Library &bpf, const FilterCounts &counted) {
  Descriptor made(bpf.map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "nwgate_counters", sizeof(std::uint32_t),
                                 CounterIndex::value_size, CounterIndex::count, nullptr));
  if (!made)
    return fail("cannot make a map of counters", errno);
  if (counted == FilterCounts{})
    return made;
  auto of_processors = values(bpf);
  if (!of_processors)
    return fail(std::move(of_processors.error()));
  for (const auto &[index, counts] : places(counted)) {
    of_processors->front() = *counts;
    if (bpf.map_update_elem(made.get(), &index, of_processors->data(), BPF_ANY) != 0)
      return fail("cannot write the counters", errno);
  }
  return made;
}

Result<FilterCounts> read_counters(const Library &bpf, const Descriptor &counters) {
  auto of_processors = values(bpf);
  if (!of_processors)
    return fail(std::move(of_processors.error()));
  FilterCounts sums;
  for (const auto &[index, sum] : places(sums)) {
    if (bpf.map_lookup_elem(counters.get(), &index, of_processors->data()) != 0)
      return fail("cannot read the counters", errno);
    for (const auto &[packets, bytes] : *of_processors) {
      sum->packets += packets;
      sum->bytes += bytes;
    }
  }
  return sums;
}

} // namespace nwgate::bpf
