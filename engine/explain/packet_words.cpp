// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/packet_words.h"

#include "engine/explain/frame_writer.h"
#include "engine/explain/ip_protocols.h"
#include "engine/program/names.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace nwgate {
namespace {

using explain::FrameWords;

struct WordError {
  std::string text;
};

class PacketParser {
public:
  PacketParser(const std::vector<std::string> &words, const PacketDefaults &defaults)
      : words_(words), defaults_(defaults) {}

  Packet run() {
    const auto direction = find_direction(next("a direction: out or in"));
    if (!direction)
      throw WordError{fmt::format("'{}' is no direction: out or in", words_[at_ - 1])};
    packet_.direction = *direction;
    const bool is_out = *direction == Direction::out;
    frame_.source = is_out ? defaults_.workload : defaults_.other;
    frame_.destination = is_out ? defaults_.other : defaults_.workload;
    const auto kind = next("a protocol");
    if (kind == "hex")
      packet_.frame = bytes(next("bytes"));
    else
      read_headers(kind);
    while (at_ < words_.size())
      read_property(next("a word"));
    if (kind != "hex")
      packet_.frame = explain::write_frame(frame_);
    return std::move(packet_);
  }

private:
  std::string_view next(std::string_view what) {
    if (at_ == words_.size())
      throw WordError{fmt::format("{} is missing at the end", what)};
    return words_[at_++];
  }

  /// Decimal, or hexadecimal with 0x.
  std::uint32_t number(std::string_view what, std::uint32_t most) {
    auto text = next(what);
    const auto whole = text;
    const bool is_hexadecimal = text.starts_with("0x");
    text.remove_prefix(is_hexadecimal ? 2 : 0);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, is_hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size() || value > most)
      throw WordError{fmt::format("'{}' is not {} from 0 to {}", whole, what, most)};
    return value;
  }

  MacAddress mac() {
    const auto text = next("a MAC address");
    const auto address = MacAddress::parse(text);
    if (!address)
      throw WordError{fmt::format("'{}' is no MAC address", text)};
    return *address;
  }

  static std::vector<std::uint8_t> bytes(std::string_view text) {
    std::vector<std::uint8_t> result;
    for (std::size_t at = 0; at < text.size(); at += 2) {
      std::uint8_t value = 0;
      const auto two = text.substr(at, 2);
      const auto [end, error] = std::from_chars(two.data(), two.data() + two.size(), value, 16);
      if (two.size() != 2 || error != std::errc{} || end != two.data() + 2)
        throw WordError{fmt::format("'{}' is not a row of bytes in hexadecimal", text)};
      result.push_back(value);
    }
    if (result.size() < explain::ethernet_header_size)
      throw WordError{"a frame has at least the 14 bytes of its Ethernet header"};
    return result;
  }

  void read_headers(std::string_view kind) {
    if (kind == "ether") {
      frame_.ether_type = static_cast<std::uint16_t>(number("an EtherType", 0xffff));
      return;
    }
    if (kind == "arp" || kind == "rarp") {
      frame_.ether_type = kind == "arp" ? 0x0806 : 0x8035;
      frame_.arp_operation = kind == "arp" ? 1 : 3;
    } else if (kind == "ip") {
      frame_.protocol = static_cast<std::uint8_t>(number("the number of a protocol", 255));
    } else {
      const auto found = explain::find_protocol(kind);
      if (!found)
        throw WordError{
            fmt::format("'{}' is no protocol: tcp, udp, udplite, sctp, icmp, icmpv6, igmp, esp, ah, ip NUMBER, "
                        "arp, rarp, ether TYPE or hex BYTES",
                        kind)};
      frame_.protocol = *found;
    }
    read_end(frame_.from, frame_.source_port);
    if (next("'>'") != ">")
      throw WordError{fmt::format("'{}' stands where '>' is expected between the ends", words_[at_ - 1])};
    read_end(frame_.to, frame_.destination_port);
    const bool is_v6 = std::holds_alternative<Ipv6Address>(frame_.from);
    if (is_v6 != std::holds_alternative<Ipv6Address>(frame_.to))
      throw WordError{"one end is of IPv4, the other one of IPv6"};
    const bool is_arp = kind == "arp" || kind == "rarp";
    if (is_v6 && (is_arp || kind == "icmp" || kind == "igmp"))
      throw WordError{fmt::format("{} goes with IPv4", kind)};
    if (!is_v6 && kind == "icmpv6")
      throw WordError{"icmpv6 goes with IPv6"};
    if (!is_arp)
      frame_.ether_type = is_v6 ? 0x86dd : 0x0800;
    frame_.icmp_type = kind == "icmpv6" ? 128 : 8;
  }

  /// `10.0.0.1`, `10.0.0.1:22`, `fd00::1`, `[fd00::1]:22`.
  void read_end(FrameWords::Address &address, std::uint16_t &port) {
    const auto whole = next("an address");
    auto text = whole;
    std::string_view port_text;
    const auto split = [&](std::size_t colon) {
      port_text = text.substr(colon + 1);
      text = text.substr(0, colon);
    };
    if (text.starts_with('[')) {
      const auto close = text.find(']');
      if (close != std::string_view::npos && close + 1 < text.size() && text[close + 1] == ':')
        split(close + 1);
      text = text.substr(1, text.find(']') - 1);
    } else if (std::ranges::count(text, ':') == 1) {
      split(text.find(':'));
    }
    if (const auto ipv4 = Ipv4Address::parse(text))
      address = *ipv4;
    else if (const auto ipv6 = Ipv6Address::parse(text))
      address = *ipv6;
    else
      throw WordError{fmt::format("'{}' is no address, with or without ':PORT'", whole)};
    if (port_text.empty())
      return;
    const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (error != std::errc{} || end != port_text.data() + port_text.size())
      throw WordError{fmt::format("'{}' has no port number from 0 to 65535 behind ':'", whole)};
  }

  void read_property(std::string_view word) {
    if (const auto state = parse_states(word); state && *state != 0) {
      packet_.state = *state;
    } else if (word == "untracked") {
      packet_.state = 0;
    } else if (word == "reply") {
      packet_.is_reply = true;
      if (packet_.state == connection_state::new_state)
        packet_.state = connection_state::established;
    } else if (word == "connections") {
      packet_.connections = number("a number", 0xffffffff);
    } else if (word == "set") {
      std::string name(next("the name of a set"));
      packet_.sets.emplace(std::move(name), next("src and dst for each dimension"));
    } else if (word == "from") {
      frame_.source = mac();
    } else if (word == "to") {
      frame_.destination = mac();
    } else if (word == "vlan") {
      frame_.vlan = static_cast<std::uint16_t>(number("a VLAN id", 4095));
    } else if (word == "dscp") {
      frame_.dscp = static_cast<std::uint8_t>(number("a DSCP", 63));
    } else if (word == "type") {
      frame_.icmp_type = static_cast<std::uint8_t>(number("an ICMP type", 255));
    } else if (word == "code") {
      frame_.icmp_code = static_cast<std::uint8_t>(number("an ICMP code", 255));
    } else if (word == "op") {
      frame_.arp_operation = static_cast<std::uint16_t>(number("an ARP operation", 0xffff));
    } else if (word == "flags") {
      read_flags(next("TCP flags"));
    } else {
      throw WordError{fmt::format(
          "'{}' is not known: new, established, related, invalid, untracked, reply, from MAC, to MAC, vlan ID, "
          "dscp N, flags A|B, type N, code N, op N, set NAME SIDES, connections N",
          word)};
    }
  }

  void read_flags(std::string_view text) {
    const auto flags = parse_tcp_flags(text);
    if (!flags)
      throw WordError{fmt::format("'{}' is not of fin, syn, rst, psh, ack, urg with '|' between", text)};
    frame_.tcp_flags = static_cast<std::uint8_t>(*flags);
  }

  const std::vector<std::string> &words_;
  const PacketDefaults &defaults_;
  std::size_t at_ = 0;
  Packet packet_;
  FrameWords frame_;
};

} // namespace

std::variant<Packet, std::string> parse_packet(const std::vector<std::string> &words, const PacketDefaults &defaults) {
  try {
    return PacketParser(words, defaults).run();
  } catch (const WordError &error) {
    return error.text;
  }
}

} // namespace nwgate
