// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/loaded_program.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace nwgate::bpf {
namespace {

/// Shown of what the verifier says: the instruction that it does not like is at the end.
constexpr std::size_t most_lines = 12;
/// Room for what the verifier says of a long program.
constexpr std::size_t log_size = 16U << 20U;

std::string last_lines(std::string_view log) {
  while (log.ends_with('\n'))
    log.remove_suffix(1);
  auto from = log.size();
  for (std::size_t lines = 0; lines < most_lines && from != std::string_view::npos && from > 0; ++lines)
    from = log.rfind('\n', from - 1);
  return std::string(from == std::string_view::npos || from == 0 ? log : log.substr(from + 1));
}

std::vector<std::uint8_t> keys_of(const PrefixMap &map) {
  std::vector<std::uint8_t> keys;
  for (const auto &prefix : map.prefixes) {
    const auto key = key_of(prefix, map.version);
    keys.insert(keys.end(), key.begin(), key.end());
  }
  return keys;
}

Result<Descriptor> make_map(const Library &bpf, const PrefixMap &map) {
  const auto what = "cannot make a map of " + std::to_string(map.prefixes.size()) + " prefixes";
  bpf_map_create_opts options{};
  options.sz = sizeof options;
  options.map_flags = BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG;
  const std::uint32_t key_size = map.version == IpVersion::v4 ? 8 : 20;
  auto count = static_cast<std::uint32_t>(map.prefixes.size());
  Descriptor made(bpf.map_create(BPF_MAP_TYPE_LPM_TRIE, "nwgate_prefixes", key_size, 1, count, &options));
  if (!made)
    return fail(what, errno);
  const auto keys = keys_of(map);
  const std::vector<std::uint8_t> values(count, 1);
  bpf_map_batch_opts batch{};
  batch.sz = sizeof batch;
  if (bpf.map_update_batch(made.get(), keys.data(), values.data(), &count, &batch) != 0)
    return fail("cannot fill a map of " + std::to_string(map.prefixes.size()) + " prefixes", errno);
  if (bpf.map_freeze(made.get()) != 0)
    return fail("cannot protect a map of prefixes from changes", errno);
  return made;
}

} // namespace

std::vector<std::uint8_t> key_of(const Prefix &prefix, IpVersion version) {
  const std::uint32_t length = prefix.length;
  const std::size_t address = version == IpVersion::v4 ? 4 : 16;
  std::vector<std::uint8_t> key(sizeof length + address);
  std::memcpy(key.data(), &length, sizeof length);
  std::copy_n(prefix.address.begin(), address, key.begin() + sizeof length);
  return key;
}

Result<LoadedProgram> load(const Library &bpf, const CgroupProgram &program, const Descriptor &counters) {
  LoadedProgram loaded;
  std::vector<int> descriptors;
  for (const auto &map : program.maps) {
    auto made = make_map(bpf, map);
    if (!made)
      return fail(std::move(made.error()));
    descriptors.push_back(made->get());
    loaded.maps.push_back(std::move(*made));
  }
  descriptors.push_back(counters.get());
  const auto code = with_maps(program.code, descriptors);
  const bool is_out = program.direction == Direction::out;
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = is_out ? BPF_CGROUP_INET_EGRESS : BPF_CGROUP_INET_INGRESS;
  const auto try_load = [&] {
    return Descriptor(bpf.prog_load(BPF_PROG_TYPE_CGROUP_SKB, is_out ? "nwgate_out" : "nwgate_in", "LGPL-2.1-or-later",
                                    code.data(), code.size(), &options));
  };
  loaded.program = try_load();
  if (loaded.program)
    return loaded;
  const auto what = "the kernel does not take the program of " + std::to_string(code.size()) + " instructions";
  const int why = errno;
  if (why == EPERM)
    return fail(what, why);
  std::vector<char> log(log_size);
  options.log_buf = log.data();
  options.log_size = static_cast<std::uint32_t>(log.size());
  options.log_level = 1;
  loaded.program = try_load();
  if (loaded.program) // what stood in the way is gone
    return loaded;
  const auto said = last_lines(log.data());
  auto error = Error::from_errno(what, why);
  return fail(said.empty() ? error : Error(error.message() + "; its verifier says:\n" + said, why));
}

} // namespace nwgate::bpf
