// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/xtables_bridge/sample_rules.h"

#include <netinet/in.h>

namespace nwgate::xtables::test {
namespace {

using U8 = std::uint8_t;
using U16 = std::uint16_t;
using Rules = std::vector<Rule>;

constexpr U16 ipv4_type = 0x0800, arp_type = 0x0806, rarp_type = 0x8035, vlan_type = 0x8100, ipv6_type = 0x86dd;

template <typename T> Term<T> is(T value) { return {std::move(value), false}; }
template <typename T> Term<T> is_not(T value) { return {std::move(value), true}; }
MacAddress mac(const char *text) { return MacAddress::parse(text).value(); }
MaskedIpv4 ipv4(const char *address, Ipv4Address mask = Ipv4Address::mask(32)) {
  return {Ipv4Address::parse(address).value() & mask, mask};
}
MaskedIpv6 ipv6(const char *address, Ipv6Address mask = Ipv6Address::mask(128)) {
  return {Ipv6Address::parse(address).value() & mask, mask};
}
Range<U16> range(U16 first, U16 last) { return {first, last}; }

Rule of_type(U16 type, Match match, Target target = Continue{}) {
  return {{EtherType{is(type)}, std::move(match)}, std::move(target)};
}
Rule only(Match match) { return {{std::move(match)}, Verdict::drop}; }

Rules targets() {
  return {{{}, Verdict::accept},
          {{}, Verdict::drop},
          {{}, Verdict::return_to_caller},
          {{}, Continue{}},
          {{}, Jump{"a-chain.with_28_characters_1"}}};
}

Rules interfaces() {
  Rules rules;
  for (const auto side : {Side::source, Side::destination})
    for (const char *name : {"v", "v0", "vnet0", "abc", "abcd", "fourteen-chars", "fifteen--chars0", "v+", "vnet+",
                             "thirteen-char+", "fourteen-chars+", "br0.12_x"}) {
      rules.push_back(only(Interface{side, is<std::string>(name)}));
      rules.push_back(only(Interface{side, is_not<std::string>(name)}));
    }
  return rules;
}

std::vector<MacAddress> mac_masks() {
  std::vector<MacAddress> masks;
  for (unsigned length = 1; length <= 48; ++length) {
    MacAddress mask;
    for (unsigned bit = 0; bit < length; ++bit)
      mask.bytes[bit / 8] = static_cast<U8>(mask.bytes[bit / 8] | 0x80U >> bit % 8);
    masks.push_back(mask);
  }
  for (const char *mask : {"01:00:00:00:00:00", "ff:00:ff:00:00:00", "00:00:00:ff:ff:ff", "00:00:00:00:00:01",
                           "ff:ff:ff:00:00:01", "0f:ff:ff:ff:ff:ff"})
    masks.push_back(mac(mask));
  return masks;
}

Rules addresses() {
  Rules rules;
  for (const auto side : {Side::source, Side::destination}) {
    for (const auto &mask : mac_masks()) {
      const MaskedMac address{mac("01:80:c2:aa:bb:cd") & mask, mask};
      rules.push_back(only(EtherAddress{side, is(address)}));
      rules.push_back(only(EtherAddress{side, is_not(address)}));
    }
    const auto group_bit = mac("01:00:00:00:00:00");
    for (const MaskedMac &named : {MaskedMac{{}, group_bit}, MaskedMac{group_bit, group_bit}, MaskedMac{group_bit},
                                   MaskedMac{mac("ff:ff:ff:ff:ff:ff")}, MaskedMac{mac("01:80:c2:00:00:00")},
                                   MaskedMac{mac("01:80:c2:00:00:00"), mac("ff:ff:ff:ff:ff:f0")}, MaskedMac{{}}}) {
      rules.push_back(only(EtherAddress{side, is(named)}));
      rules.push_back(only(EtherAddress{side, is_not(named)}));
    }
  }
  return rules;
}

Rules types() {
  Rules rules;
  for (unsigned type = 0x0601; type <= 0xffff; type += type < 0x0900 || type > 0x8700 ? 1 : 7)
    if (type < 0x0810 || type % 16 == 0 || (type & 0xff0fU) == 0x8807 || type >= 0xfffe)
      rules.push_back(only(EtherType{is(static_cast<U16>(type))}));
  for (const U16 type :
       std::vector<U16>{0x08ff, 0x22f3, 0x22f4, 0x6558, 0x6559, 0x8035, 0x809b, 0x80f3, 0x8100, 0x8137, 0x8191,
                        0x86dd, 0x880b, 0x8863, 0x888e, 0x88a8, 0x88c7, 0x88cc, 0x88e5, 0x88f5, 0xa0ed, 0xe7fa}) {
    rules.push_back(only(EtherType{is(type)}));
    rules.push_back(only(EtherType{is_not(type)}));
  }
  return rules;
}

Rules all_headers() {
  return {{{EtherType{is_not(ipv4_type)}, EtherAddress{Side::source, is_not(MaskedMac{mac("02:00:00:00:00:01")})},
            EtherAddress{Side::destination, is(MaskedMac{MacAddress::all_ones()})},
            Interface{Side::source, is<std::string>("v0")}, Interface{Side::destination, is_not<std::string>("v+")}},
           Verdict::accept},
          {{EtherType{is(ipv4_type)}, EtherAddress{Side::source, is(MaskedMac{mac("02:00:00:00:00:01")})},
            Interface{Side::source, is<std::string>("v0")}, EbIp{.tos = is<U8>(4)}},
           Jump{"targets"}},
          {{EtherType{is(ipv4_type)}, EbStp{.type = is<U8>(4)}, EbIp{.tos = is<U8>(4)}}, Continue{}},
          {{EtherType{is(ipv4_type)}, EbIp{.tos = is<U8>(4)}, EbStp{.type = is<U8>(4)}}, Continue{}}};
}

Rules ip() {
  std::vector<EbIp> matches;
  for (unsigned length = 0; length <= 32; ++length) {
    matches.push_back({.source = is(ipv4("203.0.113.171", Ipv4Address::mask(length)))});
    matches.push_back({.destination = is_not(ipv4("203.0.113.171", Ipv4Address::mask(length)))});
  }
  matches.push_back({.source = is(ipv4("10.1.2.3", {{255, 0, 255, 0}}))});
  matches.push_back({.destination = is_not(ipv4("10.1.2.3", {{0, 0, 0, 1}}))});
  for (const U8 tos : std::vector<U8>{0, 1, 15, 0x10, 0xb8, 255}) {
    matches.push_back({.tos = is(tos)});
    matches.push_back({.tos = is_not(tos)});
  }
  for (unsigned protocol = 0; protocol <= 255; ++protocol)
    matches.push_back({.protocol = is(static_cast<U8>(protocol))});
  for (const U8 protocol : std::vector<U8>{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP, IPPROTO_DCCP}) {
    matches.push_back({.protocol = is_not(protocol)});
    matches.push_back({.protocol = is(protocol), .source_port = is(range(80, 80))});
    matches.push_back({.protocol = is(protocol), .source_port = is_not(range(0, 65535))});
    matches.push_back({.protocol = is(protocol), .destination_port = is(range(0, 0))});
    matches.push_back({.protocol = is(protocol), .destination_port = is_not(range(65534, 65535))});
  }
  matches.push_back({.source = is(ipv4("192.0.2.1")),
                     .destination = is_not(ipv4("198.51.100.0", Ipv4Address::mask(24))),
                     .tos = is_not<U8>(8),
                     .protocol = is<U8>(IPPROTO_TCP),
                     .source_port = is_not(range(1, 2)),
                     .destination_port = is(range(3, 4))});
  Rules rules;
  for (const auto &match : matches)
    rules.push_back(of_type(ipv4_type, match));
  return rules;
}

Rules icmp6() {
  Rules rules;
  const auto add = [&](Range<U8> type, Range<U8> code) {
    const Icmp6Range value{type, code};
    for (const bool negated : {false, true})
      rules.push_back(
          of_type(ipv6_type, EbIp6{.protocol = is<U8>(IPPROTO_ICMPV6), .icmp_type = Term<Icmp6Range>{value, negated}}));
  };
  for (const int number : {0, 1, 2, 3, 4, 5, 127, 128, 129, 130, 133, 134, 135, 136, 137, 138, 255}) {
    const auto type = static_cast<U8>(number);
    add({type, type}, {0, 255});
    add({type, type}, {0, 254});
    for (U8 code = 0; code <= 7; ++code)
      add({type, type}, {code, code});
  }
  add({0, 255}, {0, 255});
  add({1, 11}, {10, 11});
  add({1, 4}, {0, 0});
  return rules;
}

Rules ip6() {
  std::vector<EbIp6> matches;
  for (unsigned length = 0; length <= 128; ++length) {
    matches.push_back({.source = is(ipv6("2001:db8:abcd:ef01:2345:6789:abcd:ef11", Ipv6Address::mask(length)))});
    matches.push_back({.destination = is_not(ipv6("ffff::ffff:192.0.2.1", Ipv6Address::mask(length)))});
  }
  const auto holes = Ipv6Address::parse("ffff::ffff").value();
  matches.push_back({.source = is(ipv6("2001:db8::1", holes)), .destination = is(ipv6("::ffff:192.0.2.1"))});
  matches.push_back({.source = is_not(ipv6("::")), .destination = is(ipv6("::192.0.2.1"))});
  matches.push_back({.traffic_class = is<U8>(0x0a)});
  matches.push_back({.traffic_class = is_not<U8>(0xff)});
  for (const U8 protocol : std::vector<U8>{0, 6, 17, 43, 44, 50, 58, 60, 132, 136, 200, 255}) {
    matches.push_back({.protocol = is(protocol)});
    matches.push_back({.protocol = is_not(protocol)});
  }
  matches.push_back(
      {.protocol = is<U8>(IPPROTO_UDP), .source_port = is_not(range(1, 1)), .destination_port = is(range(1, 65535))});
  matches.push_back({.protocol = is<U8>(IPPROTO_SCTP), .destination_port = is_not(range(0, 9))});
  Rules rules = icmp6();
  for (const auto &match : matches)
    rules.push_back(of_type(ipv6_type, match));
  return rules;
}

Rules arp() {
  std::vector<EbArp> matches;
  for (const U16 number : std::vector<U16>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255, 65535}) {
    matches.push_back({.opcode = is(number)});
    matches.push_back({.hardware_type = is(number), .protocol_type = is_not(number)});
    matches.push_back({.hardware_type = is_not(number), .opcode = is_not(number), .protocol_type = is(number)});
  }
  for (const auto &address : {ipv4("192.0.2.1"), ipv4("192.0.2.0", Ipv4Address::mask(24)),
                              ipv4("0.0.0.0", Ipv4Address::mask(0)), ipv4("10.0.3.0", {{255, 0, 255, 0}})}) {
    matches.push_back({.source_ip = is(address), .destination_ip = is_not(address)});
    matches.push_back({.source_ip = is_not(address), .destination_ip = is(address)});
  }
  for (const auto &address : {MaskedMac{MacAddress::all_ones()}, MaskedMac{mac("02:00:00:00:00:01")},
                              MaskedMac{mac("01:00:00:00:00:00"), mac("01:00:00:00:00:00")}, MaskedMac{{}, {}},
                              MaskedMac{mac("02:03:00:00:00:00"), mac("ff:ff:00:00:00:00")}}) {
    matches.push_back({.source_mac = is(address), .destination_mac = is_not(address)});
    matches.push_back({.source_mac = is_not(address), .destination_mac = is(address)});
  }
  matches.push_back({.gratuitous = is(true)});
  matches.push_back({.opcode = is<U16>(1), .source_ip = is(ipv4("192.0.2.1")), .gratuitous = is_not(true)});
  Rules rules;
  for (const auto &match : matches)
    for (const auto type : {arp_type, rarp_type})
      rules.push_back(of_type(type, match, Verdict::return_to_caller));
  return rules;
}

Rules vlan() {
  std::vector<EbVlan> matches;
  for (const U16 id : std::vector<U16>{0, 1, 291, 4094}) {
    matches.push_back({.id = is(id)});
    matches.push_back({.id = is_not(id), .encapsulated = is<U16>(0x0800)});
  }
  for (const U8 priority : std::vector<U8>{0, 1, 7}) {
    matches.push_back({.priority = is(priority)});
    matches.push_back({.id = is<U16>(0), .priority = is_not(priority)});
  }
  for (const U16 type : std::vector<U16>{0x003c, 0x0600, 0x0806, 0x86dd, 0xffff}) {
    matches.push_back({.encapsulated = is(type)});
    matches.push_back({.priority = is<U8>(3), .encapsulated = is_not(type)});
  }
  Rules rules;
  for (const auto &match : matches)
    rules.push_back(of_type(vlan_type, match));
  return rules;
}

Rules stp() {
  std::vector<EbStp> matches;
  for (const U8 number : std::vector<U8>{0, 1, 2, 127, 128, 129, 255}) {
    matches.push_back({.type = is(number), .flags = is_not(number)});
    matches.push_back({.type = is_not(number), .flags = is(number)});
  }
  for (const auto &ends : {range(0, 0), range(1, 2), range(0, 65535), range(65535, 65535)})
    for (const bool negated : {false, true}) {
      const Term<Range<U16>> term{ends, negated};
      matches.push_back({.root_priority = term});
      matches.push_back({.sender_priority = term});
      matches.push_back({.port = term});
      matches.push_back({.message_age = term});
      matches.push_back({.max_age = term});
      matches.push_back({.hello_time = term});
      matches.push_back({.forward_delay = term});
      matches.push_back({.root_cost = Term<Range<std::uint32_t>>{{ends.first, ends.last * 65537U}, negated}});
    }
  const MaskedMac address{mac("02:00:00:00:00:01")};
  const MaskedMac masked{mac("02:03:00:00:00:00"), mac("ff:ff:00:00:00:00")};
  matches.push_back({.root_address = is(address), .sender_address = is_not(masked)});
  matches.push_back({.root_address = is_not(masked), .sender_address = is(MaskedMac{MacAddress::all_ones()})});
  const auto any = is(range(1, 9));
  matches.push_back({.type = is<U8>(0),
                     .flags = is<U8>(1),
                     .root_priority = any,
                     .sender_priority = any,
                     .port = any,
                     .message_age = any,
                     .max_age = any,
                     .hello_time = any,
                     .forward_delay = any,
                     .root_cost = is(Range<std::uint32_t>{1, 9}),
                     .root_address = is(address),
                     .sender_address = is(address)});
  const EtherAddress bridge_group{Side::destination, is(MaskedMac{mac("01:80:c2:00:00:00")})};
  Rules rules;
  for (const auto &match : matches)
    rules.push_back({{bridge_group, match}, Verdict::accept});
  rules.push_back(only(EbStp{.type = is<U8>(4)}));
  return rules;
}

} // namespace

std::vector<SampleGroup> sample_rules() {
  return {{"targets", targets()},
          {"interfaces", interfaces()},
          {"addresses", addresses()},
          {"types", types()},
          {"headers", all_headers()},
          {"ip", ip()},
          {"ip6", ip6()},
          {"arp", arp()},
          {"vlan", vlan()},
          {"stp", stp()}};
}

} // namespace nwgate::xtables::test
