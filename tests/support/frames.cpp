// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/frames.h"

#include "engine/explain/packet_words.h"

#include <netinet/in.h>
#include <sstream>
#include <stdexcept>

namespace nwgate::test {
namespace {

constexpr std::size_t link_header = 14;

std::size_t place_of_checksum(unsigned protocol) {
  switch (protocol) {
  case IPPROTO_TCP:
    return 16;
  case IPPROTO_UDP:
    return 6;
  case IPPROTO_ICMP:
  case IPPROTO_ICMPV6:
    return 2;
  default:
    return 0;
  }
}

} // namespace

Packet packet(const std::string &words) {
  std::istringstream stream(words);
  std::vector<std::string> list;
  for (std::string word; stream >> word;)
    list.push_back(word);
  auto result = parse_packet(list, {.workload = workload_mac});
  if (const auto *why = std::get_if<std::string>(&result))
    throw std::runtime_error(*why);
  return std::get<Packet>(std::move(result));
}

Packet wire_packet(const std::string &words) {
  auto result = packet(words);
  write_checksum(result.frame);
  return result;
}

void write_checksum(std::vector<std::uint8_t> &frame) {
  const bool is_v6 = frame.at(12) == 0x86;
  const auto protocol = frame.at(link_header + (is_v6 ? 6 : 9));
  const auto start = link_header + (is_v6 ? 40 : 20);
  const auto place = start + place_of_checksum(protocol);
  if (place == start)
    return;
  frame.at(place) = frame.at(place + 1) = 0;
  std::uint32_t sum = 0;
  const auto add = [&](std::size_t from, std::size_t to) {
    for (auto at = from; at < to; ++at)
      sum += (at - from) % 2 == 0 ? static_cast<std::uint32_t>(frame.at(at)) << 8U : frame.at(at);
  };
  add(start, frame.size());
  if (protocol != IPPROTO_ICMP) {
    add(link_header + (is_v6 ? 8 : 12), start);
    sum += protocol + static_cast<std::uint32_t>(frame.size() - start);
  }
  while (sum > 0xffff)
    sum = (sum & 0xffff) + (sum >> 16U);
  frame.at(place) = static_cast<std::uint8_t>(~sum >> 8U);
  frame.at(place + 1) = static_cast<std::uint8_t>(~sum);
}

} // namespace nwgate::test
