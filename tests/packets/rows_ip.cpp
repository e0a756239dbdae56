// SPDX-License-Identifier: LGPL-2.1-or-later
/// IPv4 at the ethernet layer.
#include "row.h"
#include "rows_ether.h"
#include "rows_ip_common.h"

#include <fmt/format.h>

namespace nwgate::packets {
namespace {

void add_protocol_rows(std::vector<Row> &rows) {
  const auto add = [&](const char *value, std::uint8_t number) {
    const auto other = static_cast<std::uint8_t>(number + 1);
    rows.push_back({fmt::format("protocol='{}'", value),
                    {{matched, Ip{.protocol = number}},
                     {unmatched, Ip{.protocol = other}},
                     {never, Ip{.version = 6, .protocol = number}}}});
  };
  add("tcp", IPPROTO_TCP);
  add("udp", IPPROTO_UDP);
  add("udplite", IPPROTO_UDPLITE);
  add("sctp", IPPROTO_SCTP);
  add("esp", IPPROTO_ESP);
  add("ah", IPPROTO_AH);
  add("icmp", IPPROTO_ICMP);
  add("igmp", IPPROTO_IGMP);
  add("icmpv6", IPPROTO_ICMPV6);
  add("132", IPPROTO_SCTP);
  add("0x2f", 47);
  rows.push_back({"protocol='0'", {{matched, Ip{.protocol = 0}}, {unmatched, Ip{.protocol = 17}}}});
  rows.push_back({"protocol='255'", {{matched, Ip{.protocol = 255}}, {unmatched, Ip{.protocol = 17}}}});
}

void add_port_rows(std::vector<Row> &rows) {
  const auto add = [&](const char *protocol, std::uint8_t number) {
    const auto base = fmt::format("protocol='{}'", protocol);
    auto more = port_rows(Ip{.protocol = number}, base);
    // Later fragments have no port numbers, and other protocols none that count.
    more.front().probes.push_back({never, Ip{.protocol = number, .sport = 1000, .fragment_offset = 10}});
    more.front().probes.push_back({never, Ip{.protocol = IPPROTO_UDPLITE, .sport = 1000}});
    more.front().probes.push_back({never, Ip{.version = 6, .protocol = number, .sport = 1000}});
    rows.insert(rows.end(), more.begin(), more.end());
  };
  add("tcp", IPPROTO_TCP);
  add("udp", IPPROTO_UDP);
  add("sctp", IPPROTO_SCTP);
  add("33", 33);
}

/// The kernel compares a whole byte, so that each DSCP is four rules, for the four values of ECN;
/// its negation is a chain of its own.
void add_dscp_rows(std::vector<Row> &rows) {
  const auto add = [&](unsigned dscp, const std::vector<std::uint8_t> &others) {
    Row row{fmt::format("dscp='{}'", dscp), {}};
    for (unsigned ecn = 0; ecn < 4; ++ecn)
      row.probes.push_back({matched, Ip{.tos = static_cast<std::uint8_t>(dscp << 2U | ecn)}});
    for (const auto tos : others)
      row.probes.push_back({unmatched, Ip{.tos = tos}});
    row.probes.push_back({never, Ip{.version = 6, .tos = static_cast<std::uint8_t>(dscp << 2U)}});
    rows.push_back(row);
  };
  add(46, {46, 0, 0xb7, 0xbc});
  add(0, {4, 0xff});
  add(63, {63, 0xfb});
}

std::vector<Row> rows() {
  auto rows = ether_rows(Ip{}, {{never, Ip{.version = 6}}, {never, Ether{}}, {never, Vlan{.type = 0x0800}}});
  for (const auto &more : address_rows(Ip{}))
    rows.push_back(more);
  rows.push_back(
      {"srcipaddr='10.0.0.1' srcipmask='0'",
       {{matched, Ip{.src = "1.2.3.4"}}, {matched, Ip{.src = "255.255.255.255"}}, {never, Ip{.version = 6}}}});
  rows.push_back({"srcipaddr='0.0.0.0'", {{matched, Ip{.src = "0.0.0.0"}}, {unmatched, Ip{}}}});
  add_protocol_rows(rows);
  add_port_rows(rows);
  rows.push_back({"protocol='udp' dstportstart='53' srcipaddr='10.0.0.1'",
                  {{matched, Ip{.dport = 53}},
                   {never, Ip{.dport = 54}},
                   {never, Ip{.src = "10.0.0.3", .dport = 53}},
                   {never, Ip{.protocol = IPPROTO_TCP, .dport = 53}}}});
  rows.back().negation_is_refused = true;
  add_dscp_rows(rows);
  return rows;
}

} // namespace

std::vector<Table> ip_tables() { return {{"ip", rows()}}; }

} // namespace nwgate::packets
