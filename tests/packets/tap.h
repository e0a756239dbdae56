// SPDX-License-Identifier: LGPL-2.1-or-later
/// Captures at the devices of the test's network, by libpcap.
#pragma once

#include "network.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct pcap;

namespace nwgate::packets {

/// A frame that a device has sent or received.
struct TappedFrame {
  std::chrono::nanoseconds time{};
  std::vector<std::uint8_t> bytes;
};

class Tap {
public:
  enum class Side { sent, received };

  /// From now on. Throws std::system_error.
  Tap(const Namespace &space, const std::string &device, Side side);
  Tap(Tap &&other) noexcept;
  Tap &operator=(Tap &&) = delete;
  ~Tap();

  /// What has come since the last call; none may have been lost.
  std::vector<TappedFrame> take();

private:
  pcap *handle_ = nullptr;
};

/// Writes a capture file: frames in the order of their time.
void write_capture(const std::string &path, std::vector<TappedFrame> frames);

} // namespace nwgate::packets
