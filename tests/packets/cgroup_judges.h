// SPDX-License-Identifier: LGPL-2.1-or-later
/// Two who decide about the packets of a cgroup: programs of BPF, run on frames, and the rules of `table inet nwgate`,
/// by packets that a socket of the cgroup sends.
#pragma once

#include "engine.h"
#include "network.h"
#include "tap.h"

#include "drivers/bpf/descriptor.h"
#include "drivers/cgroup/hierarchy.h"
#include "tests/support/bpf_runner.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::packets {

/// Of each program it has two: as nwgate writes it, and with lookups in maps wherever there can be one.
class BpfJudge {
public:
  explicit BpfJudge(test::BpfRunner runner) : runner_(std::move(runner)) {}

  /// From now on this program. What it says is why it cannot; empty if it can.
  std::string take(const ClosedProgram &program);
  /// Nothing for frames that are not of IP alone, and without a program.
  [[nodiscard]] std::optional<bool> passes(Direction direction, const std::vector<std::uint8_t> &frame) const;
  [[nodiscard]] std::optional<bool> passes_with_lookups(Direction direction,
                                                        const std::vector<std::uint8_t> &frame) const;

private:
  using Programs = std::map<Direction, bpf::LoadedProgram>;
  [[nodiscard]] std::optional<bool> run(const Programs &programs, Direction direction,
                                        const std::vector<std::uint8_t> &frame) const;

  test::BpfRunner runner_;
  Programs programs_;
  Programs with_lookups_;
};

/// Has a network namespace and a cgroup of its own, which go with it.
class SocketJudge {
public:
  /// Throws std::system_error.
  explicit SocketJudge(const Engine &engine);
  SocketJudge(const SocketJudge &) = delete;
  SocketJudge &operator=(const SocketJudge &) = delete;
  ~SocketJudge();

  /// Binds the cgroup; answers why that cannot be, or nothing.
  std::string take(const std::string &filter, const Parameters &parameters);
  void leave();
  /// Whether the packet leaves the device; nothing if the kernel does not let the socket send it. It begins with the
  /// header of Ethernet, which is not sent.
  std::optional<bool> passes(const std::vector<std::uint8_t> &frame);

private:
  void open_sockets();

  const Engine &engine_;
  Namespace space_;
  cgroup::Hierarchy cgroups_;
  std::string cgroup_;
  bpf::Descriptor ipv4_;
  bpf::Descriptor ipv6_;
  std::optional<Tap> device_;
};

/// The packet of a frame as a raw socket can send it: nothing behind its length, which is that of the packet, and a
/// right checksum. Nothing if none can be made of it.
std::optional<std::vector<std::uint8_t>> as_sent_by_socket(const std::vector<std::uint8_t> &frame);

} // namespace nwgate::packets
