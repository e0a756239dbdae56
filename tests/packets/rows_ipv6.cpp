// SPDX-License-Identifier: LGPL-2.1-or-later
/// IPv6 at the ethernet layer.
#include "row.h"
#include "rows_ether.h"
#include "rows_ip_common.h"

#include <fmt/format.h>

namespace nwgate::packets {
namespace {

Ip packet(std::uint8_t protocol = IPPROTO_UDP) { return Ip{.version = 6, .protocol = protocol}; }

Ip behind(std::vector<std::uint8_t> extensions, std::uint8_t protocol = IPPROTO_UDP) {
  return Ip{.version = 6, .protocol = protocol, .extensions = std::move(extensions)};
}

Ip icmp(int type, std::uint8_t code = 0) {
  return Ip{.version = 6, .protocol = IPPROTO_ICMPV6, .type = type, .code = code};
}

void add_protocol_rows(std::vector<Row> &rows) {
  const auto add = [&](const char *value, std::uint8_t number, std::uint8_t other) {
    rows.push_back({fmt::format("protocol='{}'", value),
                    {{matched, packet(number)},
                     {unmatched, packet(other)},
                     {matched, behind({IPPROTO_HOPOPTS, IPPROTO_DSTOPTS}, number)},
                     {unmatched, behind({IPPROTO_HOPOPTS, IPPROTO_DSTOPTS}, other)},
                     {never, Ip{.protocol = number}}}});
  };
  add("tcp", IPPROTO_TCP, IPPROTO_UDP);
  add("udp", IPPROTO_UDP, IPPROTO_TCP);
  add("udplite", IPPROTO_UDPLITE, IPPROTO_UDP);
  add("sctp", IPPROTO_SCTP, IPPROTO_UDP);
  add("esp", IPPROTO_ESP, IPPROTO_UDP);
  add("icmpv6", IPPROTO_ICMPV6, IPPROTO_ICMP);
  add("icmp", IPPROTO_ICMP, IPPROTO_ICMPV6);
  add("igmp", IPPROTO_IGMP, IPPROTO_UDP);
  add("0x2f", 47, 46);
  // To the kernel, AH is one more extension header, and what is behind it decides.
  rows.push_back({"protocol='ah'", {{unmatched, packet(IPPROTO_AH)}, {unmatched, packet()}}});
}

void add_port_rows(std::vector<Row> &rows) {
  const auto add = [&](const char *protocol, std::uint8_t number) {
    const auto base = fmt::format("protocol='{}'", protocol);
    auto more = port_rows(packet(number), base);
    auto &probes = more.front().probes;
    probes.push_back({matched, Ip{.version = 6, .protocol = number, .sport = 1000, .extensions = {IPPROTO_DSTOPTS}}});
    probes.push_back({never, Ip{.version = 6, .protocol = IPPROTO_UDPLITE, .sport = 1000}});
    probes.push_back({never, Ip{.protocol = number, .sport = 1000}});
    rows.insert(rows.end(), more.begin(), more.end());
  };
  add("tcp", IPPROTO_TCP);
  add("udp", IPPROTO_UDP);
  add("sctp", IPPROTO_SCTP);
  add("33", 33);
}

void add_icmp_rows(std::vector<Row> &rows) {
  const std::string base = "protocol='icmpv6'";
  rows.push_back({"type='135'",
                  {{matched, icmp(135)},
                   {matched, icmp(135, 77)},
                   {unmatched, icmp(134)},
                   {unmatched, icmp(136)},
                   {never, packet()},
                   {never, Ip{.protocol = IPPROTO_ICMPV6, .type = 135}}},
                  base});
  rows.push_back({"type='1' typeend='4'",
                  {{matched, icmp(1)}, {matched, icmp(4, 255)}, {unmatched, icmp(0)}, {unmatched, icmp(5)}},
                  base});
  rows.push_back({"code='3'",
                  {{matched, icmp(0, 3)}, {matched, icmp(255, 3)}, {unmatched, icmp(1, 2)}, {unmatched, icmp(1, 4)}},
                  base});
  rows.push_back({"code='3' codeend='5'",
                  {{matched, icmp(1, 3)}, {matched, icmp(1, 5)}, {unmatched, icmp(1, 2)}, {unmatched, icmp(1, 6)}},
                  base});
  rows.push_back({"typeend='9'", {{matched, icmp(0)}, {matched, icmp(9)}, {unmatched, icmp(10)}}, base});
  rows.push_back({"codeend='9'", {{matched, icmp(200, 0)}, {matched, icmp(1, 9)}, {unmatched, icmp(1, 10)}}, base});
  // Type and code are one match: it is negated as a whole.
  rows.push_back({"type='1' typeend='11' code='10' codeend='11'",
                  {{matched, icmp(1, 10)},
                   {matched, icmp(11, 11)},
                   {unmatched, icmp(12, 10)},
                   {unmatched, icmp(1, 9)},
                   {unmatched, icmp(12, 12)}},
                  base});
}

std::vector<Row> rows() {
  auto rows = ether_rows(packet(), {{never, Ip{}}, {never, Ether{}}, {never, Vlan{.type = 0x86dd}}});
  for (const auto &more : address_rows(packet()))
    rows.push_back(more);
  rows.push_back({"srcipaddr='::'", {{matched, Ip{.version = 6, .src = "::"}}, {unmatched, packet()}}});
  rows.push_back({"srcipaddr='fe80::' srcipmask='10'",
                  {{matched, Ip{.version = 6, .src = "fe80::1"}},
                   {matched, Ip{.version = 6, .src = "febf::1"}},
                   {unmatched, Ip{.version = 6, .src = "fec0::1"}},
                   {unmatched, Ip{.version = 6, .src = "fe7f::1"}}}});
  add_protocol_rows(rows);
  add_port_rows(rows);
  add_icmp_rows(rows);
  return rows;
}

} // namespace

std::vector<Table> ipv6_tables() { return {{"ipv6", rows()}}; }

} // namespace nwgate::packets
