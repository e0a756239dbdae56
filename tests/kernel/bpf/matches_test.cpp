// SPDX-License-Identifier: LGPL-2.1-or-later
/// Every kind of match in the kernel: a packet for it, one that it is not for, and both negated.
#include "tests/kernel/bpf/support.h"

#include "tests/packets/frame.h"

#include <fmt/format.h>

namespace nwgate::bpf::testing {
namespace {

using packets::Ip;

struct Row {
  std::string name;
  std::string layer;
  /// The matches in front of the one that is looked at.
  std::string before;
  std::string match;
  Ip yes;
  Ip no;
};

// googletest's name. NOLINTNEXTLINE(readability-identifier-naming)
void PrintTo(const Row &row, std::ostream *out) { *out << row.name; }

class MatchesTest : public BpfTest, public ::testing::WithParamInterface<Row> {
protected:
  /// Whether the program drops the packet.
  bool drops(const std::string &rule, const Ip &packet, Direction direction) {
    const auto program =
        load(program_of(GetParam().layer, direction == Direction::out ? "out" : "in", {rule}), direction);
    const auto passed = passes(program, packets::bytes_of(packet, "data"));
    EXPECT_TRUE(passed) << "not run";
    return passed == false;
  }
};

TEST_P(MatchesTest, holds_for_what_it_says) {
  const auto &row = GetParam();
  for (const auto direction : {Direction::out, Direction::in}) {
    const auto plain = row.before + row.match + ", drop";
    EXPECT_TRUE(drops(plain, row.yes, direction));
    EXPECT_FALSE(drops(plain, row.no, direction));
    const auto negated = row.before + "not " + row.match + ", drop";
    EXPECT_FALSE(drops(negated, row.yes, direction));
    EXPECT_TRUE(drops(negated, row.no, direction));
  }
}

Ip v4(const std::string &src, const std::string &dst = "") { return {.src = src, .dst = dst}; }
Ip v6(const std::string &src, const std::string &dst = "") { return {.version = 6, .src = src, .dst = dst}; }
Ip of(std::uint8_t version, std::uint8_t protocol) { return {.version = version, .protocol = protocol}; }
Ip tos(std::uint8_t version, unsigned dscp) {
  return {.version = version, .tos = static_cast<std::uint8_t>(dscp << 2U | 1U)};
}
Ip ports(std::uint8_t version, std::uint8_t protocol, std::uint16_t sport, std::uint16_t dport) {
  return {.version = version, .protocol = protocol, .sport = sport, .dport = dport};
}
Ip flags(std::uint8_t version, std::uint8_t flags) {
  return {.version = version, .protocol = IPPROTO_TCP, .flags = flags};
}
Ip icmp(std::uint8_t version, int type, std::uint8_t code) {
  constexpr std::uint8_t icmp_v4 = 1;
  constexpr std::uint8_t icmp_v6 = 58;
  return {.version = version, .protocol = version == 4 ? icmp_v4 : icmp_v6, .type = type, .code = code};
}

/// The rows of one version's addresses, in one layer.
void add_addresses(const std::string &layer, bool is_v4, std::vector<Row> &rows) {
  const std::string type = layer != "ethernet" ? "" : is_v4 ? "ether.type 0x0800, " : "ether.type 0x86dd, ";
  for (const std::string side : {"saddr", "daddr"}) {
    const auto packet = [&](const std::string &address) {
      return is_v4 ? (side == "saddr" ? v4(address) : v4("", address))
                   : (side == "saddr" ? v6(address) : v6("", address));
    };
    const auto field = (is_v4 ? "ip." : "ip6.") + side;
    const auto name = layer + '_' + (is_v4 ? "ip_" : "ip6_") + side;
    if (is_v4) {
      rows.push_back({name, layer, type, field + " 10.1.2.3", packet("10.1.2.3"), packet("10.1.2.4")});
      rows.push_back({name + "_masked", layer, type, field + " 10.1.2.0/23", packet("10.1.3.255"), packet("10.1.4.0")});
      rows.push_back(
          {name + "_range", layer, type, field + " 10.1.2.250-10.1.3.5", packet("10.1.3.5"), packet("10.1.3.6")});
    } else {
      rows.push_back({name, layer, type, field + " fd01::3", packet("fd01::3"), packet("fd01:0:0:1::3")});
      rows.push_back(
          {name + "_masked", layer, type, field + " fd01::/63", packet("fd01:0:0:1:2::3"), packet("fd01:0:0:2::3")});
      rows.push_back(
          {name + "_masked_low", layer, type, field + " fd01::8000/113", packet("fd01::ffff"), packet("fd01::7fff")});
      rows.push_back({name + "_range", layer, type, field + " fd01::ffff:ffff:ffff:fff0-fd01:0:0:1::5",
                      packet("fd01:0:0:1::5"), packet("fd01:0:0:1::6")});
      rows.push_back(
          {name + "_range_low", layer, type, field + " fd01::5-fd01::9", packet("fd01::5"), packet("fd01::4")});
    }
  }
}

void add_numbers(std::vector<Row> &rows) {
  for (const std::uint8_t version : {std::uint8_t{4}, std::uint8_t{6}}) {
    const bool is_v4 = version == 4;
    const std::string prefix = is_v4 ? "ip" : "ip6";
    for (const std::string layer : {"ethernet", is_v4 ? "ipv4" : "ipv6"}) {
      const bool is_ethernet = layer == "ethernet";
      const auto name = layer + '_' + prefix;
      const std::string type = !is_ethernet ? "" : is_v4 ? "ether.type 0x0800, " : "ether.type 0x86dd, ";
      rows.push_back({name + "_protocol", layer, type, prefix + ".protocol 6", of(version, 6), of(version, 17)});
      rows.push_back(
          {name + "_protocol_range", layer, type, prefix + ".protocol 6-16", of(version, 6), of(version, 17)});
      if (is_v4 || !is_ethernet) {
        rows.push_back({name + "_dscp", layer, type, prefix + ".dscp 46", tos(version, 46), tos(version, 47)});
        rows.push_back({name + "_dscp_range", layer, type, prefix + ".dscp 10-20", tos(version, 20), tos(version, 21)});
      }
      for (const auto protocol : {std::uint8_t{6}, std::uint8_t{17}, std::uint8_t{132}}) {
        const auto with = fmt::format("{}{}.protocol {}, ", type, prefix, protocol);
        const auto tail = fmt::format("_{}", protocol);
        rows.push_back({name + "_sport" + tail, layer, with, "th.sport 256", ports(version, protocol, 256, 1),
                        ports(version, protocol, 1, 256)});
        rows.push_back({name + "_dport_range" + tail, layer, with, "th.dport 255-65534",
                        ports(version, protocol, 1, 65534), ports(version, protocol, 1, 65535)});
      }
      if (is_ethernet)
        continue;
      const auto tcp = prefix + ".protocol 6, ";
      rows.push_back({name + "_flags", layer, tcp, "tcp.flags syn|ack", flags(version, 18), flags(version, 2)});
      rows.push_back(
          {name + "_flags_masked", layer, tcp, "tcp.flags syn/syn|ack", flags(version, 10), flags(version, 18)});
    }
  }
  const std::string v4_icmp = "ip.protocol 1, ";
  rows.push_back({"icmp", "ipv4", v4_icmp, "icmp.type 3", icmp(4, 3, 1), icmp(4, 8, 0)});
  rows.push_back({"icmp_pair", "ipv4", v4_icmp, "icmp.type 3/1", icmp(4, 3, 1), icmp(4, 3, 2)});
  rows.push_back({"icmp_range_pair", "ipv4", v4_icmp, "icmp.type 3-5/0-1", icmp(4, 5, 1), icmp(4, 5, 2)});
  const std::string v6_icmp = "ip6.protocol 58, ";
  rows.push_back({"icmp6", "ipv6", v6_icmp, "icmp6.type 135", icmp(6, 135, 0), icmp(6, 136, 0)});
  rows.push_back({"icmp6_pair", "ipv6", v6_icmp, "icmp6.type 1/4", icmp(6, 1, 4), icmp(6, 1, 0)});
  rows.push_back({"icmp6_range_pair", "ethernet", "ether.type 0x86dd, " + v6_icmp, "icmp6.type 130-136/0-255",
                  icmp(6, 133, 9), icmp(6, 137, 9)});
  rows.push_back({"ether_type_ip", "ethernet", "", "ether.type 0x0800", of(4, 6), of(6, 6)});
  rows.push_back({"ether_type_ip6", "ethernet", "", "ether.type 0x86dd", of(6, 6), of(4, 6)});
}

std::vector<Row> rows_of_all() {
  std::vector<Row> rows;
  add_addresses("ethernet", true, rows);
  add_addresses("ethernet", false, rows);
  add_addresses("ipv4", true, rows);
  add_addresses("ipv6", false, rows);
  add_numbers(rows);
  return rows;
}

using MatchesOfIcmpTest = BpfTest;

/// Type 255 stands for all, as the tools have it: also negated it asks for a header.
TEST_F(MatchesOfIcmpTest, type_255_is_any) {
  const auto any = load(program_of("ipv4", "out", {"icmp.type 255, drop"}), Direction::out);
  EXPECT_EQ(passes(any, packets::bytes_of(icmp(4, 3, 1), "data")), false);
  EXPECT_EQ(passes(any, packets::bytes_of(Ip{.fragment_offset = 5}, "data")), true);
  const auto none = load(program_of("ipv4", "out", {"not icmp.type 255, drop"}), Direction::out);
  EXPECT_EQ(passes(none, packets::bytes_of(icmp(4, 3, 1), "data")), true);
}

INSTANTIATE_TEST_SUITE_P(all, MatchesTest, ::testing::ValuesIn(rows_of_all()),
                         [](const auto &row) { return row.param.name; });

} // namespace
} // namespace nwgate::bpf::testing
