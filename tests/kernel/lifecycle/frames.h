// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames that a filter must let pass, and frames that it must drop, sent without a pause.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace nwgate::test {

/// Kinds of frames: of no protocol, UDP in IPv4, UDP in IPv6; each with a twin that must be dropped (UDP port
/// 7 and 9, type 0x88b5 and 0x88b6).
inline constexpr std::size_t frame_kinds = 3;

/// Two devices on a bridge, v0 and v1, whose other ends are g0 and g1.
void make_bridge();

/// Sends from g0 to g1 until it is stopped, and counts what arrives.
class Traffic {
public:
  struct Counts {
    std::size_t sent = 0;
    std::size_t passed[frame_kinds] = {};
    std::size_t leaked[frame_kinds] = {};
  };
  Traffic();
  ~Traffic();
  Traffic(const Traffic &) = delete;
  Traffic &operator=(const Traffic &) = delete;
  Counts stop();

private:
  void send();
  void receive();
  void count(const unsigned char *frame, std::size_t size);

  std::atomic<bool> sending_ = true;
  std::atomic<bool> receiving_ = true;
  int out_, in_;
  Counts counts_;
  std::thread receiver_;
  std::thread sender_;
};

} // namespace nwgate::test
