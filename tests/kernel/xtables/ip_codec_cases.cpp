// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ip_codec_cases.h"

#include <algorithm>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <unistd.h>

#include <linux/netfilter/xt_conntrack.h>

namespace nwgate::test {
namespace {

using namespace xtables;

constexpr auto both_signs = {false, true};

class Collector {
public:
  explicit Collector(Family family) : family_(family) {}

  /// A rule that is read back as it is.
  void same(Matches matches, const Target &target = Continue{}) { plain({std::move(matches), target}); }
  void read_as(const Matches &written, const Matches &read) {
    const Rule decoded{read, Continue{}};
    cases_.push_back({{written, Continue{}}, decoded, decoded});
  }
  void restored_as(const Matches &written, const std::optional<Matches> &restored) {
    const Rule rule{written, Continue{}};
    cases_.push_back({rule, rule, std::nullopt});
    if (restored)
      cases_.back().restored = Rule{*restored, Continue{}};
  }

  void targets();
  void interfaces();
  void addresses();
  void ranges();
  void protocols();
  void tcp();
  void udp();
  void sctp();
  void icmp();
  void conntrack();
  void sets();
  void others();
  void physdev();
  void together();

  [[nodiscard]] std::vector<Case> take() { return std::move(cases_); }

private:
  void plain(const Rule &rule) { cases_.push_back({rule, rule, rule}); }
  [[nodiscard]] bool v4() const { return family_ == Family::ip; }

  Family family_;
  std::vector<Case> cases_;
};

void Collector::targets() {
  for (const auto verdict : {Verdict::accept, Verdict::drop, Verdict::return_to_caller})
    same({}, verdict);
  for (const bool go_to : both_signs)
    same({}, Jump{other_chain, go_to});
  same({}, Reject{});
  same({}, Continue{});
}

void Collector::interfaces() {
  for (const auto side : {Side::source, Side::destination}) {
    for (const bool negated : both_signs)
      for (const char *name : {"e", "eth0", "fifteen-letters", "veth+", "fourteen-lett+", "a++", "a+b", "br0.100"})
        same({Interface{side, {name, negated}}});
    same({Interface{side, {"+", true}}});
    restored_as({Interface{side, {"+", false}}}, Matches{});
  }
  same({Interface{Side::source, {"eth0", true}}, Interface{Side::destination, {"veth+", false}}});
}

template <typename M, typename Address>
void addresses_of(Collector &to, std::initializer_list<const char *> texts, const Address &odd_mask) {
  for (const auto side : {Side::source, Side::destination})
    for (const bool negated : both_signs) {
      for (const char *text : texts) {
        const auto address = *Address::parse(text);
        constexpr auto bits = static_cast<unsigned>(8 * std::tuple_size_v<decltype(address.bytes)>);
        for (unsigned length = 1; length <= bits; length += length % 8 == 1 && length + 6 < bits ? 6 : 1)
          to.same({M{side, {{address & Address::mask(length), Address::mask(length)}, negated}}});
      }
      to.same({M{side, {{*Address::parse(*texts.begin()) & odd_mask, odd_mask}, negated}}});
    }
  to.read_as({M{Side::source, {{Address{}, Address{}}, false}}}, {});
  to.same({M{Side::source, {{Address{}, Address::mask(8)}, true}}, M{Side::destination, {{}, false}}});
}

void Collector::addresses() {
  if (v4())
    addresses_of<Ipv4Match>(*this, {"203.255.171.205", "10.1.2.3"}, *Ipv4Address::parse("255.0.240.1"));
  else
    addresses_of<Ipv6Match>(*this, {"2001:db8:ffff:1:203:4ff:fe05:607", "::ffff:10.1.2.3"},
                            *Ipv6Address::parse("ffff::ffff:0:1"));
}

template <typename M, typename Address> void ranges_of(Collector &to, const char *low, const char *high) {
  using AddressRange = Range<Address>;
  const AddressRange range{*Address::parse(low), *Address::parse(high)};
  for (const bool negated : both_signs) {
    to.same({M{Term<AddressRange>{range, negated}, {}}});
    to.same({M{{}, Term<AddressRange>{range, negated}}});
    to.same({M{Term<AddressRange>{range, negated}, Term<AddressRange>{{range.last, range.last}, !negated}}});
  }
  to.same({M{Term<AddressRange>{{Address{}, Address::mask(8 * sizeof(Address))}, false}, {}}});
}

void Collector::ranges() {
  if (v4())
    ranges_of<Ipv4Range, Ipv4Address>(*this, "1.2.3.4", "10.2.255.1");
  else
    ranges_of<Ipv6Range, Ipv6Address>(*this, "2001:db8::1", "2001:db8:ffff::5:1");
}

void Collector::protocols() {
  for (unsigned number = 1; number < 256; ++number)
    same({proto(static_cast<std::uint8_t>(number))});
  for (const auto number : {IPPROTO_TCP, IPPROTO_UDPLITE, IPPROTO_RAW})
    same({proto(static_cast<std::uint8_t>(number), true)});
}

/// Conditions on a port, none and every port apart from `--sport 0:65535`.
std::vector<Optional<Ports>> port_conditions() {
  std::vector<Optional<Ports>> result{std::nullopt};
  for (const bool negated : both_signs)
    for (const Ports range :
         {Ports{0, 0}, {22, 22}, {65535, 65535}, {20, 21}, {1, 65535}, {1, 65534}, {0, 1}, {0, 100}, {0, 65534}})
      result.emplace_back(Term<Ports>{range, negated});
  return result;
}

/// `! --sport 0:B` is listed, and so restored, as `--sport B+1:65535`.
Optional<Ports> restored_port(Optional<Ports> port) {
  if (port && port->negated && port->value.first == 0 && port->value.last != 0)
    return Term<Ports>{{static_cast<std::uint16_t>(port->value.last + 1), 65535}, false};
  return port;
}

/// The tool itself writes two negated ports as one comparison, which is another condition.
bool becomes_another(const Optional<Ports> &source, const Optional<Ports> &destination) {
  const auto single = [](const Optional<Ports> &port) {
    return port && port->negated && port->value.first == port->value.last && port->value.first != 0;
  };
  return single(source) && single(destination);
}

template <typename M> void native_ports(Collector &to, std::uint8_t protocol) {
  const auto rule = [&](const auto &source, const auto &destination) {
    return Matches{proto(protocol), with_ports<M>(source, destination)};
  };
  for (const auto &source : port_conditions())
    for (const auto &destination : port_conditions()) {
      if (becomes_another(source, destination))
        to.restored_as(rule(source, destination), std::nullopt);
      else
        to.restored_as(rule(source, destination), rule(restored_port(source), restored_port(destination)));
    }
  const Optional<Ports> every = Term<Ports>{{0, 65535}, false};
  const Optional<Ports> one = Term<Ports>{{80, 80}, true};
  to.read_as(rule(every, std::nullopt), rule(std::nullopt, std::nullopt));
  to.read_as(rule(every, every), rule(std::nullopt, std::nullopt));
  to.read_as(rule(every, one), rule(std::nullopt, one));
}

void Collector::tcp() {
  native_ports<Tcp>(*this, IPPROTO_TCP);
  const auto tcp = proto(IPPROTO_TCP);
  const auto ports = with_ports<Tcp>(Term<Ports>{{1, 1}, false}, Term<Ports>{{2, 2}, false});
  for (const bool negated : both_signs) {
    for (const auto &[mask, compare] : {TcpFlags{0x02, 0x3f}, {0x3f, 0}, {0x3f, 0x3f}, {0x17, 0x02}, {0x20, 0x10}}) {
      same({tcp, with_flags({}, mask, compare, negated)});
      same({tcp, with_flags(ports, mask, compare, negated)});
    }
    for (const auto option : std::initializer_list<std::uint8_t>{1, 2, 255}) {
      Tcp match;
      match.option = {option, negated};
      same({tcp, match});
      same({tcp, with_flags(match, 0x3f, 0x29, !negated)});
      for (const bool other : both_signs) {
        match.source_port = {{0, 100}, other};
        match.destination_port = {{80, 80}, !other};
        same({tcp, match});
      }
    }
  }
  read_as({tcp, with_flags({}, 0, 0, false)}, {tcp, Tcp{}});
  same({Interface{Side::source, {"eth0", false}}, tcp, Comment{"between"}, ports, Dscp{{7, false}}});
}

void Collector::udp() {
  native_ports<Udp>(*this, IPPROTO_UDP);
  same({proto(IPPROTO_UDP), Comment{"in front"}, with_ports<Udp>(Term<Ports>{{53, 53}, false}, {})});
}

void Collector::sctp() {
  for (const auto &source : port_conditions())
    for (const auto &destination : {port_conditions().front(), port_conditions().back()})
      same({proto(IPPROTO_SCTP), with_ports<Sctp>(source, destination)});
  same({proto(IPPROTO_SCTP), with_ports<Sctp>({}, Term<Ports>{{0, 65535}, false})});
}

void Collector::icmp() {
  const auto protocol = proto(v4() ? +IPPROTO_ICMP : +IPPROTO_ICMPV6);
  for (const bool negated : both_signs) {
    for (const auto type : std::initializer_list<std::uint8_t>{0, 8, 128, 254})
      for (const Range<std::uint8_t> code : {Range<std::uint8_t>{0, 255}, {0, 0}, {3, 3}, {255, 255}})
        same({protocol, Icmp{{{type, code}, negated}}});
    const Icmp any{{{255, {0, 255}}, negated}};
    same({protocol, any});
    const Icmp type_255{{{255, {3, 3}}, negated}};
    restored_as({protocol, type_255}, Matches{protocol, v4() ? any : type_255});
  }
}

void Collector::conntrack() {
  for (unsigned bit = 0; bit < 9; ++bit)
    if (bit != 4 && bit != 5)
      same({ConntrackState{{static_cast<std::uint16_t>(1U << bit), bit % 2 == 0}}});
  for (const bool negated : both_signs)
    same({ConntrackState{{0x1cf, negated}}});
  for (const bool reply : both_signs)
    same({ConntrackState{{0x0a, false}}, ConntrackDirection{reply}});
}

void Collector::sets() {
  SetMatch match{{set_name, false}, {}};
  for (std::size_t dimensions = 1; dimensions <= 6; ++dimensions) {
    match.name.negated = dimensions % 2 == 0;
    match.dimensions.assign(dimensions, Side::source);
    same({match});
    match.dimensions.assign(dimensions, Side::destination);
    same({match});
    match.dimensions.front() = Side::source;
    same({match});
  }
}

void Collector::others() {
  for (const bool negated : both_signs) {
    same({MacSource{{{{0x02, 0, 0xff, 0x0a, 0xb0, 0x1c}}, negated}}});
    for (const auto dscp : std::initializer_list<std::uint8_t>{0, 1, 0x2e, 0x3f})
      same({Dscp{{dscp, negated}}});
    for (const std::uint32_t above : {0U, 2U, 4294967295U})
      same({ConnLimit{{above, negated}}});
  }
  for (const bool negated : both_signs) {
    for (const std::uint32_t classid : {0U, 0x100001U, 0xffffffffU})
      same({Cgroup{classid, negated}});
    for (const auto &path : cgroup_paths())
      same({Cgroup{path, negated}});
  }
  for (const char *text : {"", "plain_text-0", "two words", "it's a \"comment\"", "\\", "a\\'", "tab\there",
                           "-j ACCEPT", "$x `y` #z; !", "gr\xc3\xbc\xc3\x9f", "100%"})
    same({Comment{text}});
  for (const char filling : {'c', '"'})
    same({Comment{std::string(255, filling)}});
}

void Collector::physdev() {
  for (const bool negated : both_signs)
    for (const char *name : {"v0", "fifteen-letters", "veth+", "fourteen-lett+", "+"}) {
      same({Physdev{Term<std::string>{name, negated}, {}, false}});
      same({Physdev{{}, Term<std::string>{name, negated}, true}});
      same({Physdev{Term<std::string>{name, negated}, Term<std::string>{"v1", !negated}, negated}});
    }
  same({Physdev{{}, {}, true}});
}

void Collector::together() {
  Matches head{Interface{Side::source, {"br0", false}}, Interface{Side::destination, {"br1", true}},
               proto(IPPROTO_UDP)};
  const auto address_first = [&](const auto &match) { head.insert(head.begin(), match); };
  if (v4()) {
    address_first(Ipv4Match{Side::destination, {{*Ipv4Address::parse("10.1.0.0"), Ipv4Address::mask(22)}, true}});
    address_first(Ipv4Match{Side::source, {{*Ipv4Address::parse("10.2.3.4")}, false}});
  } else {
    address_first(Ipv6Match{Side::destination, {{*Ipv6Address::parse("fe80::"), Ipv6Address::mask(10)}, true}});
    address_first(Ipv6Match{Side::source, {{*Ipv6Address::parse("2001:db8::1")}, false}});
  }
  auto matches = head;
  for (const Match &match : Matches{MacSource{{{{2, 0, 0, 0, 0, 1}}, false}}, Dscp{{3, true}}, Dscp{{4, true}},
                                    with_ports<Udp>({}, Term<Ports>{{1, 9}, false}), ConntrackState{{0x0a, false}},
                                    ConntrackDirection{false}, SetMatch{{set_name, true}, {Side::source}},
                                    ConnLimit{{3, false}}, Comment{"last"}})
    matches.push_back(match);
  same(matches, Reject{});

  auto shuffled = matches;
  std::rotate(shuffled.begin(), shuffled.begin() + static_cast<std::ptrdiff_t>(head.size()), shuffled.end());
  std::reverse(shuffled.end() - static_cast<std::ptrdiff_t>(head.size()), shuffled.end());
  read_as(shuffled, matches);
}

} // namespace

std::vector<std::string> cgroup_paths() {
  const auto top = "nwgate-codec-" + std::to_string(getpid());
  return {"/", top, top + "/a.slice", top + "/a.slice/b.service", top + "/two words", top + "/it's \"one\" \\ $x"};
}

std::vector<Case> cases(Family family) {
  Collector collector(family);
  collector.targets();
  collector.interfaces();
  collector.addresses();
  collector.ranges();
  collector.protocols();
  collector.tcp();
  collector.udp();
  collector.sctp();
  collector.icmp();
  collector.conntrack();
  collector.sets();
  collector.others();
  collector.physdev();
  collector.together();
  return collector.take();
}

} // namespace nwgate::test
