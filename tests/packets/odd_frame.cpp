// SPDX-License-Identifier: LGPL-2.1-or-later
#include "odd_frame.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <linux/if_ether.h>
#include <netinet/in.h>

namespace nwgate::packets {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t ethernet_header = 14;
constexpr std::size_t ipv6_header = 40;

class OddMaker {
public:
  OddMaker(Bytes frame, const Oddities &allowed, std::mt19937 &random)
      : frame_(std::move(frame)), allowed_(allowed), random_(random) {}

  Bytes run() {
    const bool is_arp = u16(12) == ETH_P_ARP || u16(12) == ETH_P_RARP;
    switch (u16(12)) {
    case ETH_P_IP:
      ipv4();
      break;
    case ETH_P_IPV6:
      ipv6();
      break;
    case ETH_P_ARP:
    case ETH_P_RARP:
      arp();
      break;
    default:
      break;
    }
    if (!is_arp && chance(0.05)) {
      const auto at = ethernet_header + below(static_cast<std::uint32_t>(frame_.size() - ethernet_header));
      frame_[at] ^= static_cast<std::uint8_t>(1U << below(8));
    }
    if (allowed_.tags && chance(0.1))
      add_tag();
    if (chance(0.15))
      frame_.resize(ethernet_header + below(static_cast<std::uint32_t>(frame_.size() - ethernet_header)));
    return std::move(frame_);
  }

private:
  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::uint32_t below(std::uint32_t bound) {
    return std::uniform_int_distribution<std::uint32_t>(0, std::max(1U, bound) - 1)(random_);
  }
  std::uint32_t one_of(std::initializer_list<std::uint32_t> values) {
    return values.begin()[below(static_cast<std::uint32_t>(values.size()))];
  }

  [[nodiscard]] std::uint32_t u16(std::size_t at) const {
    return static_cast<std::uint32_t>(frame_.at(at)) << 8U | frame_.at(at + 1);
  }
  void set_u16(std::size_t at, std::uint32_t value) {
    frame_.at(at) = static_cast<std::uint8_t>(value >> 8U);
    frame_.at(at + 1) = static_cast<std::uint8_t>(value);
  }
  void insert(std::size_t at, const Bytes &bytes) {
    frame_.insert(frame_.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin(), bytes.end());
  }

  // --- IPv4

  void ipv4() {
    const std::size_t packet = ethernet_header;
    set_u16(packet + 4, below(0x10000)); // tells frames apart that lose their end
    if (chance(0.3)) {
      const auto words = 1 + below(10);
      insert(packet + 20, options(words * 4));
      frame_[packet] = static_cast<std::uint8_t>(0x45 + words);
      set_u16(packet + 2, u16(packet + 2) + words * 4);
    }
    const auto header = (frame_[packet] & 0xfU) * 4U;
    const auto room = static_cast<std::uint32_t>(frame_.size() - packet);
    if (chance(0.35)) // the upper header is cut off, or the length lies
      set_u16(packet + 2, chance(0.8) ? header + below(24) : one_of({0, header - 1, room + 1, 0xffff, 19}));
    if (allowed_.fragments && chance(0.3))
      set_u16(packet + 6, one_of({0x2000, 0x2001, 1, 2, 0x4000, 0x8000, 0x1fff, 185}));
    if (chance(0.04))
      frame_[packet] = static_cast<std::uint8_t>(one_of({0x44, 0x40, 0x65, 0x55, 0x05, 0x4f}));
    if (!chance(0.03))
      correct_checksum(packet, header);
  }

  /// No operation, an end of the list, and what nobody knows.
  Bytes options(std::uint32_t size) {
    Bytes bytes(size, 1);
    if (chance(0.5))
      bytes[below(size)] = static_cast<std::uint8_t>(one_of({0, 0x94, 0x07, 0x88, 0xff}));
    return bytes;
  }

  void correct_checksum(std::size_t at, std::size_t size) {
    if (at + size > frame_.size() || size < 20)
      return;
    set_u16(at + 10, 0);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < size; i += 2)
      sum += u16(at + i);
    while (sum > 0xffff)
      sum = (sum & 0xffffU) + (sum >> 16U);
    set_u16(at + 10, ~sum & 0xffffU);
  }

  // --- IPv6

  void ipv6() {
    const std::size_t packet = ethernet_header;
    set_u16(packet + 2, below(0x10000)); // of the flow's label
    if (chance(0.4))
      for (auto count = 1 + below(2); count > 0; --count)
        add_extension(packet);
    const auto room = static_cast<std::uint32_t>(frame_.size() - packet - ipv6_header);
    if (chance(0.35))
      set_u16(packet + 4, chance(0.8) ? below(28) : one_of({0, room + 1, 0xffff, 1}));
    if (chance(0.03))
      frame_[packet] = static_cast<std::uint8_t>(one_of({0x40, 0x00, 0x70}));
  }

  /// In front of all that is there.
  void add_extension(std::size_t packet) {
    const auto next = frame_[packet + 6];
    const auto kind = one_of({IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_AH, IPPROTO_FRAGMENT});
    Bytes header;
    if (kind == IPPROTO_FRAGMENT) {
      if (!allowed_.fragments)
        return;
      header = {next, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(below(256))};
      const auto offset = one_of({0, 1, 8, 9, 0x5b8});
      header[2] = static_cast<std::uint8_t>(offset >> 8U);
      header[3] = static_cast<std::uint8_t>(offset);
    } else if (kind == IPPROTO_AH) {
      header = Bytes(chance(0.8) ? 24 : 12);
      header[0] = next;
      header[1] = static_cast<std::uint8_t>(header.size() / 4 - 2);
    } else {
      const std::size_t units = chance(0.7) ? 0 : 1 + below(2);
      header = Bytes((units + 1) * 8, 0);
      header[0] = next;
      header[1] = static_cast<std::uint8_t>(chance(0.9) ? units : below(256));
      header[2] = 1; // padding
      header[3] = static_cast<std::uint8_t>(header.size() - 4);
    }
    insert(packet + ipv6_header, header);
    frame_[packet + 6] = static_cast<std::uint8_t>(kind);
    set_u16(packet + 4, u16(packet + 4) + static_cast<std::uint32_t>(header.size()));
  }

  // --- the rest

  void arp() {
    const std::size_t packet = ethernet_header;
    if (chance(0.2))
      set_u16(packet, one_of({0, 1, 2, 6, 0xffff}));
    if (chance(0.2))
      set_u16(packet + 2, one_of({0, ETH_P_IP, ETH_P_IPV6, 0x0801}));
    if (allowed_.arp_lengths && chance(0.3))
      set_u16(packet + 4, one_of({0x0600, 0x0004, 0x0804, 0x0610, 0x0104, 0xffff}));
    if (chance(0.2))
      set_u16(packet + 6, below(12));
  }

  void add_tag() {
    const auto tag = one_of({ETH_P_8021Q, ETH_P_8021Q, ETH_P_8021AD});
    const auto id = one_of({0, 1, 100, 4094, 4095}) | below(16) << 12U;
    insert(12, {static_cast<std::uint8_t>(tag >> 8U), static_cast<std::uint8_t>(tag),
                static_cast<std::uint8_t>(id >> 8U), static_cast<std::uint8_t>(id)});
  }

  Bytes frame_;
  const Oddities &allowed_;
  std::mt19937 &random_;
};

} // namespace

std::vector<std::uint8_t> made_odd(std::vector<std::uint8_t> frame, const Oddities &allowed, std::mt19937 &random) {
  return OddMaker(std::move(frame), allowed, random).run();
}

} // namespace nwgate::packets
