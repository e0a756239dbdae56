// SPDX-License-Identifier: LGPL-2.1-or-later
/// Attaches programs of BPF to cgroups, for tests/bench/cgroup_path: nwgate's, and others to compare them with.
///
/// usage: cgroup_filter nwgate PINS DIRECTORY...      compiles the closed program on stdin, for each cgroup anew
///        cgroup_filter systemd PINS DIRECTORY...     prefixes of IPv4 on stdin, one a line, may be spoken with
///        cgroup_filter accounting PINS DIRECTORY...  the same, and packets and bytes are counted
///        cgroup_filter empty PINS DIRECTORY...       all packets are accepted
///
/// Pins are made in PINS/NUMBER, which should be in a file system of type bpf. Prints the microseconds that a cgroup
/// took, from the program's text on: median, least, most.
///
/// `systemd` is what systemd makes of IPAddressAllow= with prefixes of IPv4 and IPAddressDeny=any: an address is looked
/// up in a map of type LPM trie, and the packet is dropped if it is not there. `accounting` is IPAccounting=yes beside
/// it: for each direction an array of two numbers, each looked up and added to, of packets that are accepted.
#include "drivers/bpf/attach.h"
#include "drivers/bpf/loaded_program.h"
#include "drivers/bpf/pins.h"

#include "engine/program/text_form.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <iterator>
#include <linux/if_ether.h>
#include <sstream>
#include <string>
#include <vector>

namespace nwgate::bpf {
namespace {

[[noreturn]] void give_up(const std::string &why) {
  std::fputs(("cgroup_filter: " + why + '\n').c_str(), stderr);
  std::exit(4);
}

template <typename T> T must(Result<T> result) {
  if (!result)
    give_up(result.error().message());
  return std::move(*result);
}

void must(const Result<> &result) {
  if (!result)
    give_up(result.error().message());
}

Descriptor must(int descriptor, const char *what) {
  if (descriptor < 0)
    give_up(std::string(what) + ": " + std::strerror(errno));
  return Descriptor(descriptor);
}

CgroupProgram compiled(const ClosedProgram &program, Direction direction) {
  auto result = compile(program, direction);
  if (const auto *refusals = std::get_if<std::vector<Refusal>>(&result))
    give_up(refusals->front().reason);
  return std::get<CgroupProgram>(std::move(result));
}

void attach_nwgate(const Library &bpf, const std::string &text, int cgroup, const std::string &pins) {
  auto parsed = parse_program(text);
  if (const auto *error = std::get_if<std::string>(&parsed))
    give_up(*error);
  const ClosedProgram program{std::get<Program>(std::move(parsed))};
  const CgroupFilter filter{compiled(program, Direction::out), compiled(program, Direction::in)};
  must(attach(bpf, filter, cgroup, pins));
}

/// Programs that are not nwgate's, and the maps that they refer to.
class Other {
public:
  Other(const Library &bpf, bool has_list, bool counts) : bpf_(bpf), has_list_(has_list), counts_(counts) {}

  void attach(const std::string &text, int cgroup, const std::string &pins) const {
    PinDirectory directory(bpf_, pins);
    must(directory.make());
    const auto list = has_list_ ? list_of(text) : Descriptor();
    for (const auto direction : {Direction::out, Direction::in}) {
      std::vector<int> maps;
      if (has_list_)
        maps.push_back(list.get());
      const auto counters = counts_ ? make_numbers() : Descriptor();
      if (counts_)
        maps.push_back(counters.get());
      const auto code = with_maps(code_of(direction), maps);
      bpf_prog_load_opts options{};
      options.sz = sizeof options;
      options.expected_attach_type = attach_type(direction);
      const auto program = must(
          bpf_.prog_load(BPF_PROG_TYPE_CGROUP_SKB, "bench", "LGPL-2.1-or-later", code.data(), code.size(), &options),
          "cannot load a program");
      const auto link = must(bpf_.link_create(program.get(), cgroup, attach_type(direction), nullptr), "cannot attach");
      must(directory.replace(pin_name(direction), link.get()));
    }
  }

private:
  static constexpr std::int32_t allowed = 1, denied = 2;
  static constexpr int key_size = 8, address_at = -4, key_at = -8;

  [[nodiscard]] Descriptor list_of(const std::string &text) const {
    std::istringstream lines(text);
    const std::vector<std::string> prefixes{std::istream_iterator<std::string>(lines), {}};
    bpf_map_create_opts options{};
    options.sz = sizeof options;
    options.map_flags = BPF_F_NO_PREALLOC;
    auto count = static_cast<std::uint32_t>(prefixes.size());
    auto map = must(bpf_.map_create(BPF_MAP_TYPE_LPM_TRIE, "allowed", key_size, sizeof(std::uint64_t), count, &options),
                    "no map");
    std::vector<std::uint8_t> keys;
    for (const auto &prefix : prefixes) {
      const auto slash = prefix.find('/');
      const auto address = Ipv4Address::parse(prefix.substr(0, slash));
      if (!address || slash == std::string::npos)
        give_up(prefix + " is no prefix");
      const auto length = static_cast<unsigned>(std::stoi(prefix.substr(slash + 1)));
      const auto key = key_of(prefix_of(*address, length), IpVersion::v4);
      keys.insert(keys.end(), key.begin(), key.end());
    }
    const std::vector<std::uint64_t> values(count, allowed);
    bpf_map_batch_opts batch{};
    batch.sz = sizeof batch;
    must(bpf_.map_update_batch(map.get(), keys.data(), values.data(), &count, &batch), "cannot fill the map");
    return map;
  }

  [[nodiscard]] Descriptor make_numbers() const {
    return must(
        bpf_.map_create(BPF_MAP_TYPE_ARRAY, "counted", sizeof(std::uint32_t), sizeof(std::uint64_t), 2, nullptr),
        "no map");
  }

  [[nodiscard]] std::vector<bpf_insn> code_of(Direction direction) const {
    Assembler out;
    if (has_list_)
      write_list(out, direction);
    else
      out.move(Reg::r0, 1);
    out.exit();
    return out.take();
  }

  /// r6 is the context, r7 the protocol, r8 what the lists have said.
  void write_list(Assembler &out, Direction direction) const {
    const auto looked_up = out.label();
    const auto end = out.label();
    out.move(Reg::r6, Reg::r1);
    out.load(Size::u32, Reg::r7, Reg::r6, offsetof(__sk_buff, protocol));
    out.move(Reg::r8, denied);
    out.jump_if(Compare::not_equal, Reg::r7, htons(ETH_P_IP), looked_up);
    out.move(Reg::r1, Reg::r6);
    out.move(Reg::r2, direction == Direction::out ? 16 : 12);
    out.move(Reg::r3, Reg::r10);
    out.alu(Alu::add, Reg::r3, address_at);
    out.move(Reg::r4, 4);
    out.call(Helper::skb_load_bytes);
    out.load_map(Reg::r1, 0);
    out.move(Reg::r2, Reg::r10);
    out.alu(Alu::add, Reg::r2, key_at);
    out.store(Size::u32, Reg::r10, key_at, 32);
    out.call(Helper::map_lookup_elem);
    out.jump_if(Compare::equal, Reg::r0, 0, looked_up);
    out.alu(Alu::add, Reg::r8, allowed);
    out.bind(looked_up);
    out.move(Reg::r0, 0);
    out.jump_if(Compare::equal, Reg::r8, denied, end);
    if (counts_)
      write_counts(out);
    out.move(Reg::r0, 1);
    out.bind(end);
  }

  static void write_counts(Assembler &out) {
    for (const std::int32_t index : {0, 1}) {
      const auto none = out.label();
      out.store(Size::u32, Reg::r10, address_at, index);
      out.move(Reg::r2, Reg::r10);
      out.alu(Alu::add, Reg::r2, address_at);
      out.load_map(Reg::r1, 1);
      out.call(Helper::map_lookup_elem);
      out.jump_if(Compare::equal, Reg::r0, 0, none);
      if (index == 0)
        out.move(Reg::r1, 1);
      else
        out.load(Size::u32, Reg::r1, Reg::r6, offsetof(__sk_buff, len));
      out.atomic_add(Reg::r0, 0, Reg::r1);
      out.bind(none);
    }
  }

  const Library &bpf_;
  bool has_list_;
  bool counts_;
};

int run(const std::string &kind, const std::string &pins, const std::vector<std::string> &cgroups) {
  const auto bpf = must(Library::load());
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  std::vector<double> times;
  for (const auto &path : cgroups) {
    const auto start = std::chrono::steady_clock::now();
    const auto cgroup = must(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), path.c_str());
    const auto own_pins = pins + '/' + std::to_string(times.size());
    if (kind == "nwgate")
      attach_nwgate(bpf, text, cgroup.get(), own_pins);
    else
      Other(bpf, kind != "empty", kind == "accounting").attach(text, cgroup.get(), own_pins);
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::sort(times);
  std::printf("%.1f %.1f %.1f\n", times[times.size() / 2], times.front(), times.back());
  return 0;
}

} // namespace
} // namespace nwgate::bpf

int main(int argc, char **argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  static constexpr std::array kinds = {"nwgate", "systemd", "accounting", "empty"};
  if (words.size() < 3 || std::ranges::find(kinds, words[0]) == kinds.end()) {
    std::fputs("usage: cgroup_filter nwgate|systemd|accounting|empty PINS DIRECTORY...\n", stderr);
    return 2;
  }
  return nwgate::bpf::run(words[0], words[1], {words.begin() + 2, words.end()});
}
