// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/bridge_checks.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

namespace nwgate::test {
namespace {

constexpr std::size_t link_header = 14;

std::uint32_t u16(const std::vector<std::uint8_t> &frame, std::size_t at) {
  return static_cast<std::uint32_t>(frame.at(at)) << 8U | frame.at(at + 1);
}

} // namespace

bool is_dropped_by_bridge(const Explanation &explanation) {
  return explanation.kernel_drops == "a wrong checksum in the IPv4 header" ||
         explanation.kernel_drops == "broken hop-by-hop options in the IPv6 packet";
}

void write_ipv4_checksum(std::vector<std::uint8_t> &frame) {
  const auto size = (frame.at(link_header) & 0xfU) * 4UL;
  if (size < 20 || frame.size() < link_header + size)
    return;
  frame.at(link_header + 10) = frame.at(link_header + 11) = 0;
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < size; at += 2)
    sum += u16(frame, link_header + at);
  while (sum > 0xffff)
    sum = (sum & 0xffffU) + (sum >> 16U);
  frame.at(link_header + 10) = static_cast<std::uint8_t>(~sum >> 8U);
  frame.at(link_header + 11) = static_cast<std::uint8_t>(~sum);
}

std::vector<std::uint8_t> without_bridge_checks(std::vector<std::uint8_t> frame) {
  constexpr auto next_header = link_header + 6;
  const auto type = u16(frame, 12);
  if (type == ETH_P_IP && frame.size() > link_header)
    write_ipv4_checksum(frame);
  if (type == ETH_P_IPV6 && frame.size() > next_header && frame.at(next_header) == IPPROTO_HOPOPTS)
    frame.at(next_header) = IPPROTO_DSTOPTS;
  return frame;
}

} // namespace nwgate::test
