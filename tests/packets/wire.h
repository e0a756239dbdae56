// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames between the workload and the peer, one by one: which of them arrive.
#pragma once

#include "frame.h"
#include "network.h"

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace nwgate::packets {

/// Who sends. Seen from the workload, what it sends itself is `out`, and what the peer sends is `in`.
enum class Sender { workload, peer };

/// A frame of this type, from mac_a to mac_b, tells that all frames before it have been decided about: every
/// filter that a test binds lets it pass. One processor handles the frames of a wire, in order.
constexpr std::uint16_t fence_type = 0x88b5;

/// A raw socket on one device.
class PacketSocket {
public:
  PacketSocket(const Namespace &space, const std::string &device);
  PacketSocket(PacketSocket &&other) noexcept;
  PacketSocket &operator=(PacketSocket &&) = delete;
  ~PacketSocket();

  void send(const std::vector<std::uint8_t> &bytes) const;
  /// The next frame that has come, or none after so long.
  [[nodiscard]] std::vector<std::uint8_t> receive(std::chrono::milliseconds patience) const;

private:
  int descriptor_;
};

class Wire {
public:
  explicit Wire(const Network &network);
  /// The peer's side is another device of the peer's namespace.
  Wire(const Network &network, const std::string &peer_device);

  /// Sends the frames in order. The answer tells of each whether it arrived at the other side.
  std::vector<bool> send(Sender sender, const std::vector<Frame> &frames);
  /// The same of frames that are there already. They have no markers: each is known by all its bytes, or by its first
  /// ones where its end is cut off on the way, and equal ones must fare alike.
  std::vector<bool> send_bytes(Sender sender, const std::vector<std::vector<std::uint8_t>> &frames);
  bool passes(Sender sender, const Frame &frame) { return send(sender, {frame}).front(); }
  /// How many frames have been sent, fences left out.
  [[nodiscard]] std::size_t sent() const { return sent_; }

private:
  /// Waits until both directions work.
  void wait_for_carrier() const;
  /// What arrives before the fence is handed to `take`.
  using Take = std::function<void(const std::vector<std::uint8_t> &bytes)>;
  static bool send_fence(const PacketSocket &from, const PacketSocket &to, const Take &take,
                         std::chrono::milliseconds patience);

  PacketSocket workload_;
  PacketSocket peer_;
  std::size_t sent_ = 0;
};

} // namespace nwgate::packets
