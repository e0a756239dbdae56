// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ip_codec_cases.h"

#include <netinet/in.h>

namespace nwgate::test {

using namespace xtables;

std::vector<Rule> refused(Family family) {
  const auto tcp = proto(IPPROTO_TCP);
  const auto range = [](std::uint16_t first, std::uint16_t last, bool negated) {
    return Optional<Ports>(Term<Ports>{{first, last}, negated});
  };
  const Ipv4Match host{Side::source, {{*Ipv4Address::parse("10.0.0.1")}, false}};
  const Ipv6Match host6{Side::source, {{*Ipv6Address::parse("fe80::1")}, false}};
  const Ipv4Range range4{Term<Range<Ipv4Address>>{}, {}};
  const Ipv6Range range6{Term<Range<Ipv6Address>>{}, {}};
  const bool v4 = family == Family::ip;
  Tcp option_zero;
  option_zero.option = {0, false};
  const std::vector<Matches> matches{
      {EtherType{{0x800, false}}},
      {EbIp{}},
      {v4 ? Match(host6) : Match(host)},
      {v4 ? Match(range6) : Match(range4)},
      {v4 ? Match(Ipv4Range{}) : Match(Ipv6Range{})},
      {v4 ? Match(Ipv4Match{Side::source, {{{}, {}}, true}}) : Match(Ipv6Match{Side::source, {{{}, {}}, true}})},
      {v4 ? Match(Ipv4Match{Side::source, {{host.address.value.address, Ipv4Address::mask(8)}, false}})
          : Match(Ipv6Match{Side::source, {{host6.address.value.address, Ipv6Address::mask(8)}, false}})},
      {Interface{Side::source, {"", false}}},
      {Interface{Side::source, {"sixteen-letters-", false}}},
      {Interface{Side::source, {"INVAL/D", false}}},
      {Interface{Side::source, {"a b", false}}},
      {Interface{Side::source, {"a", false}}, Interface{Side::source, {"b", false}}},
      {proto(0)},
      {tcp, proto(IPPROTO_UDP, true)},
      {Dscp{{64, false}}},
      {with_ports<Tcp>(range(1, 1, false), {})},
      {proto(IPPROTO_TCP, true), with_ports<Tcp>(range(1, 1, false), {})},
      {tcp, with_ports<Udp>(range(1, 1, false), {})},
      {tcp, with_ports<Tcp>(range(2, 1, false), {})},
      {tcp, with_ports<Tcp>(range(0, 65535, true), {})},
      {tcp, with_ports<Tcp>(range(1, 1, false), {}), with_ports<Tcp>({}, range(1, 1, false))},
      {proto(IPPROTO_UDP), with_ports<Udp>({}, range(2, 1, false))},
      {proto(IPPROTO_UDP), with_ports<Udp>({}, range(0, 65535, true))},
      {proto(IPPROTO_UDP), with_ports<Udp>(range(1, 1, false), {}), with_ports<Udp>({}, range(1, 1, false))},
      {tcp, with_flags({}, 0, 0, true)},
      {tcp, with_flags({}, 0, 2, false)},
      {tcp, with_flags({}, 0x40, 0, false)},
      {tcp, with_flags({}, 2, 0x80, false)},
      {tcp, option_zero},
      {proto(IPPROTO_SCTP), with_ports<Sctp>(range(2, 1, false), {})},
      {proto(IPPROTO_ICMP), Icmp{{{3, {1, 4}}, false}}},
      {ConntrackState{{0, false}}},
      {ConntrackState{{0x10, false}}},
      {SetMatch{{"no-such-set", false}, {Side::source}}},
      {SetMatch{{set_name, false}, {}}},
      {SetMatch{{set_name, false}, std::vector<Side>(7)}},
      {Cgroup{std::string(512, 'c'), false}},
      {Cgroup{std::string(1, '\0'), false}},
      {Comment{std::string(256, 'c')}},
      {Comment{std::string(1, '\0')}},
      {Physdev{}},
      {Physdev{Term<std::string>{"", false}, {}, false}},
      {Physdev{{}, Term<std::string>{"sixteen-letters-", false}, false}},
  };
  std::vector<Rule> rules{{{}, Jump{}}};
  for (const auto &of_rule : matches)
    rules.push_back({of_rule, Continue{}});
  return rules;
}

} // namespace nwgate::test
