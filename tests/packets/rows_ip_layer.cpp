// SPDX-License-Identifier: LGPL-2.1-or-later
/// The protocols of the ip layer. Rules look at no state unless the row says so.
#include "row.h"
#include "rows_ip_common.h"

#include <fmt/format.h>

namespace nwgate::packets {
namespace {

/// One direction, and no look at connections.
constexpr auto stateless = "state='NONE'";

/// The rows of one protocol and version.
class ProtocolRows {
public:
  /// `protocol` is what the element is for; any will do for `all`, which is told by `is_all`.
  ProtocolRows(std::uint8_t version, std::uint8_t protocol, bool is_all)
      : packet_{.version = version, .protocol = protocol}, is_all_(is_all) {}

  std::vector<Row> make() {
    add({"comment='a comment'", others(always)});
    add({"srcmacaddr='52:54:00:00:00:0a'",
         {{matched, packet_},
          {unmatched, with([](Ip &one) { one.src_mac = "52:54:00:00:00:0b"; })},
          {unmatched, with([](Ip &one) { one.src_mac = "56:54:00:00:00:0a"; })}},
         {},
         {},
         false});
    for (const auto &row : address_rows(packet_))
      add(row);
    add_ranges();
    add_dscp();
    if (!is_all_ && (is(IPPROTO_TCP) || is(IPPROTO_UDP) || is(IPPROTO_SCTP)))
      for (const auto &row : port_rows(packet_, {}))
        add(row);
    add_connlimit();
    add_states();
    add_sets();
    return std::move(rows_);
  }

private:
  [[nodiscard]] bool is(std::uint8_t protocol) const { return packet_.protocol == protocol; }
  [[nodiscard]] bool is_v4() const { return packet_.version == 4; }

  template <typename Change> [[nodiscard]] Frame with(Change change) const {
    auto changed = packet_;
    change(changed);
    return changed;
  }

  [[nodiscard]] Frame from(const std::string &address) const {
    return with([&](Ip &one) { one.src = address; });
  }

  /// The protocol's own packet, and those of other protocols and the other version.
  [[nodiscard]] std::vector<Probe> others(Expected own) const {
    std::vector<Probe> probes = {{own, packet_}};
    const auto other = static_cast<std::uint8_t>(is_v4() ? 6 : 4);
    probes.push_back({never, Ip{.version = other, .protocol = packet_.protocol}});
    for (const std::uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ESP, IPPROTO_SCTP})
      if (is_all_ || !is(protocol))
        probes.push_back({is_all_ ? own : never, with([&](Ip &one) { one.protocol = protocol; })});
    return probes;
  }

  void add(Row row) {
    if (row.base.empty())
      row.base = stateless;
    rows_.push_back(std::move(row));
  }

  void add_ranges() {
    const auto address = [&](const char *tail) { return (is_v4() ? "10.0.0." : "fd00::") + std::string(tail); };
    const auto to = [&](const char *tail) { return with([&](Ip &one) { one.dst = address(tail); }); };
    add({fmt::format("srcipfrom='{}' srcipto='{}'", address("10"), address("20")),
         {{matched, from(address("10"))},
          {matched, from(address("15"))},
          {matched, from(address("20"))},
          {unmatched, from(address("9"))},
          {unmatched, from(address("21"))}}});
    add({fmt::format("dstipfrom='{}' dstipto='{}'", address("10"), address("20")),
         {{matched, to("10")}, {matched, to("20")}, {unmatched, to("9")}, {unmatched, to("21")}}});
    add({fmt::format("srcipfrom='{}'", address("10")),
         {{matched, from(address("10"))}, {unmatched, from(address("11"))}}});
    add({fmt::format("dstipfrom='{}'", address("10")), {{matched, to("10")}, {unmatched, to("11")}}});
    add({fmt::format("srcipaddr='{}' srcipfrom='{}' srcipto='{}'", address("1"), address("10"), address("20")),
         {{matched, from(address("1"))}, {unmatched, from(address("15"))}}});
    add({fmt::format("srcipfrom='{}' srcipto='{}' dstipfrom='{}' dstipto='{}'", address("10"), address("20"),
                     address("30"), address("40")),
         {{matched, with([&](Ip &one) { one.src = address("20"), one.dst = address("30"); })},
          {never, with([&](Ip &one) { one.src = address("20"), one.dst = address("29"); })},
          {never, with([&](Ip &one) { one.src = address("21"), one.dst = address("40"); })},
          {unmatched, with([&](Ip &one) { one.src = address("30"), one.dst = address("10"); })}}});
  }

  void add_dscp() {
    const auto tos = [&](unsigned value) { return with([&](Ip &one) { one.tos = static_cast<std::uint8_t>(value); }); };
    add({"dscp='46'",
         {{matched, tos(0xb8)},
          {matched, tos(0xbb)},
          {unmatched, tos(46)},
          {unmatched, tos(0xb7)},
          {unmatched, tos(0xbc)}}});
    add({"dscp='63'", {{matched, tos(0xfc)}, {matched, tos(0xff)}, {unmatched, tos(0xfb)}}});
    add({"dscp='0'", {{matched, tos(0)}, {matched, tos(3)}, {unmatched, tos(4)}}});
  }

  /// A sender's second connection is one too many; that it is to another address makes it one in every protocol.
  void add_connlimit() {
    const auto between = [&](const char *source, const char *destination) {
      const auto *net = is_v4() ? "10.0.7." : "fd00::7:";
      return with([&](Ip &one) { one.src = net + std::string(source), one.dst = net + std::string(destination); });
    };
    Row row{"connlimit-above='1'",
            {{unmatched, between("1", "2")},
             {unmatched, between("1", "2")},
             {matched, between("1", "3")},
             {unmatched, between("4", "2")}}};
    row.inout = false; // that is the direction `in`
    row.counts_connections = true;
    add(row);
  }

  void add_states() {
    const auto next = with([](Ip &one) {
      one.sequence = 1001;
      one.flags = ack;
      one.acknowledged = 5001;
    });
    const auto request = with([](Ip &one) { one.sequence = 1000; });
    auto answer = std::get<Ip>(mirrored(request));
    answer.sequence = 5000;
    answer.acknowledged = is(IPPROTO_SCTP) ? 1000 : 1001;
    answer.flags = syn | ack;
    answer.chunk = 2;
    answer.type = is_v4() ? 0 : 129;
    if (is(IPPROTO_ICMP) || is(IPPROTO_ICMPV6))
      answer.sport = packet_.sport; // the number of the echo
    const std::vector<Prelude> established = {{true, request}, {false, answer}};
    const auto own = is(IPPROTO_TCP) ? next : request;

    rows_.push_back({"state='NEW'", others(always)});
    rows_.push_back({"state='NEW'", {{never, own}}, {}, established});
    rows_.push_back({"state='ESTABLISHED'", {{never, packet_}}});
    rows_.push_back({"state='ESTABLISHED'", {{always, own}}, {}, established});
    rows_.push_back({"state='NEW,ESTABLISHED'", {{always, own}}, {}, established});
    rows_.push_back({"state='RELATED'", {{never, packet_}}});
    rows_.push_back({"state='INVALID'", {{never, packet_}}});
    if (is(IPPROTO_TCP) || is(IPPROTO_UDP) || is(IPPROTO_ICMP) || is(IPPROTO_ICMPV6))
      rows_.push_back({"state='INVALID'", {{always, with([](Ip &one) { one.bad_checksum = true; })}}});
    rows_.push_back({"state='NONE'", others(always)});
  }

  void add_sets() {
    const auto *set = is_v4() ? "hosts4" : "hosts6";
    const auto *member = is_v4() ? "10.0.5.5" : "fd00::5:5";
    const auto to = [&](const char *address) { return with([&](Ip &one) { one.dst = address; }); };
    add({fmt::format("ipset='{}'", set), {{matched, from(member)}, {unmatched, packet_}, {unmatched, to(member)}}});
    add({fmt::format("ipset='{}' ipsetflags='src'", set), {{matched, from(member)}, {unmatched, to(member)}}});
    add({fmt::format("ipset='{}' ipsetflags='dst'", set), {{matched, to(member)}, {unmatched, from(member)}}});
  }

  Ip packet_;
  bool is_all_;
  std::vector<Row> rows_;
};

void add_tcp_rows(std::vector<Row> &rows, std::uint8_t version) {
  const auto flags = [&](int value) {
    return Frame(Ip{.version = version, .protocol = IPPROTO_TCP, .flags = static_cast<std::uint8_t>(value)});
  };
  const auto options = [&](std::vector<std::uint8_t> kinds) {
    return Frame(Ip{.version = version, .protocol = IPPROTO_TCP, .options = std::move(kinds)});
  };
  rows.push_back(
      {"option='8'",
       {{matched, options({8})}, {matched, options({2, 4, 8})}, {unmatched, options({2, 4})}, {unmatched, options({})}},
       stateless});
  rows.push_back({"option='253'", {{matched, options({253})}, {unmatched, options({254})}}, stateless});
  if (version == 6) { // read, and without effect, as libvirt does
    rows.push_back({"flags='SYN,ACK/SYN'", {{always, flags(syn)}, {always, flags(ack)}}, stateless});
    return;
  }
  rows.push_back({"flags='SYN,ACK/SYN'",
                  {{matched, flags(syn)},
                   {matched, flags(syn | fin | urg)},
                   {unmatched, flags(syn | ack)},
                   {unmatched, flags(ack)},
                   {unmatched, flags(0)}},
                  stateless});
  rows.push_back(
      {"flags='ALL/NONE'", {{matched, flags(0)}, {unmatched, flags(fin)}, {unmatched, flags(urg)}}, stateless});
  rows.push_back(
      {"flags='ALL/FIN,PSH,URG'",
       {{matched, flags(fin | psh | urg)}, {unmatched, flags(fin | psh)}, {unmatched, flags(fin | psh | urg | ack)}},
       stateless});
  rows.push_back(
      {"flags='RST/RST'", {{matched, flags(rst)}, {matched, flags(rst | ack)}, {unmatched, flags(ack)}}, stateless});
  rows.push_back({"flags='SYN/SYN' dstportstart='2000'",
                  {{matched, flags(syn)},
                   {never, flags(ack)},
                   {never, Ip{.protocol = IPPROTO_TCP, .dport = 2001}},
                   {unmatched, Ip{.protocol = IPPROTO_TCP, .dport = 2001, .flags = ack}}},
                  stateless});
}

void add_icmp_rows(std::vector<Row> &rows, std::uint8_t version) {
  const auto protocol = static_cast<std::uint8_t>(version == 4 ? +IPPROTO_ICMP : +IPPROTO_ICMPV6);
  const auto icmp = [&](int type, std::uint8_t code) {
    return Frame(Ip{.version = version, .protocol = protocol, .type = type, .code = code});
  };
  rows.push_back({"type='8'",
                  {{matched, icmp(8, 0)}, {matched, icmp(8, 9)}, {unmatched, icmp(0, 8)}, {unmatched, icmp(9, 8)}},
                  stateless});
  rows.push_back({"type='3' code='1'",
                  {{matched, icmp(3, 1)}, {unmatched, icmp(3, 2)}, {unmatched, icmp(1, 3)}, {unmatched, icmp(4, 1)}},
                  stateless});
  rows.push_back(
      {"type='0' code='0'", {{matched, icmp(0, 0)}, {unmatched, icmp(0, 1)}, {unmatched, icmp(1, 0)}}, stateless});
  rows.push_back({"type='254' code='255'", {{matched, icmp(254, 255)}, {unmatched, icmp(254, 0)}}, stateless});
  if (version == 4) // the kernel takes it for any type
    rows.push_back({"type='255'", {{matched, icmp(255, 0)}, {matched, icmp(8, 0)}}, stateless});
  else
    rows.push_back({"type='255'", {{matched, icmp(255, 0)}, {unmatched, icmp(8, 0)}}, stateless});
  rows.push_back({"code='1'", {{always, icmp(3, 1)}, {always, icmp(3, 2)}}, stateless});
}

} // namespace

std::vector<Table> ip_layer_tables(std::uint8_t version) {
  const bool is_v4 = version == 4;
  const std::string ending = is_v4 ? "" : "-ipv6";
  std::vector<Table> tables;
  const auto add = [&](const std::string &name, std::uint8_t protocol) {
    tables.push_back({name, ProtocolRows(version, protocol, name.starts_with("all")).make()});
  };
  add("tcp" + ending, IPPROTO_TCP);
  add_tcp_rows(tables.back().rows, version);
  add("udp" + ending, IPPROTO_UDP);
  add("udplite" + ending, IPPROTO_UDPLITE);
  add("sctp" + ending, IPPROTO_SCTP);
  if (is_v4)
    add("icmp", IPPROTO_ICMP);
  else
    add("icmpv6", IPPROTO_ICMPV6);
  add_icmp_rows(tables.back().rows, version);
  if (is_v4)
    add("igmp", IPPROTO_IGMP);
  add("esp" + ending, IPPROTO_ESP);
  add("ah" + ending, IPPROTO_AH);
  add("all" + ending, IPPROTO_UDP);
  return tables;
}

} // namespace nwgate::packets
