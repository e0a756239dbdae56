// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/bpf/random_rules.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string>

namespace nwgate::bpf::testing {
namespace {

class Generator {
public:
  explicit Generator(std::mt19937 &random) : random_(random) {}

  ClosedProgram run() {
    Program program{"random", {}};
    for (const auto layer : {Layer::ethernet, Layer::ipv4, Layer::ipv6})
      for (const auto direction : {Direction::out, Direction::in})
        if (chance(0.75))
          add_chains(layer, direction, program);
    return {std::move(program)};
  }

private:
  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::uint32_t below(std::uint32_t bound) {
    return std::uniform_int_distribution<std::uint32_t>(0, bound - 1)(random_);
  }
  template <typename T> T one_of(std::initializer_list<T> values) {
    return values.begin()[below(static_cast<std::uint32_t>(values.size()))];
  }

  void add_chains(Layer layer, Direction direction, Program &program) {
    const auto end = layer == Layer::ethernet ? VerdictKind::accept : VerdictKind::return_to_caller;
    std::vector<std::string> names = {root_chain};
    for (auto count = layer == Layer::ethernet ? below(3) : 0; count > 0; --count)
      names.push_back("c" + std::to_string(count));
    for (const auto &name : names) {
      Chain chain{layer, direction, name, 0, rules(layer), chance(0.5) ? end : VerdictKind::return_to_caller};
      if (name == root_chain)
        for (std::size_t i = 1; i < names.size(); ++i)
          add_jump(names[i], chain);
      program.chains.push_back(std::move(chain));
    }
  }

  void add_jump(const std::string &target, Chain &chain) {
    ProgramRule jump;
    if (chance(0.7)) {
      const std::uint32_t type = one_of({ETH_P_IP, ETH_P_IPV6, ETH_P_ARP});
      jump.matches.push_back({Field::ether_type, chance(0.1), Form::single, {Literal(type)}});
    }
    jump.verdict = VerdictKind::jump;
    jump.jump_target = target;
    const auto at = below(static_cast<std::uint32_t>(chain.rules.size() + 1));
    chain.rules.insert(chain.rules.begin() + at, std::move(jump));
  }

  std::vector<ProgramRule> rules(Layer layer) {
    std::vector<ProgramRule> result;
    for (auto count = below(6); count > 0; --count) {
      result.push_back(rule(layer));
      if (!result.back().matches.empty() && chance(0.4))
        add_copies(result);
    }
    return result;
  }

  /// Of the last rule, as a list of values makes them: one match is another in each. Most often of one form.
  void add_copies(std::vector<ProgramRule> &rules) {
    auto one = rules.back();
    auto &match = one.matches[below(static_cast<std::uint32_t>(one.matches.size()))];
    if (!is_listed(match.field))
      return;
    const auto original = match;
    const bool is_mixed = chance(0.3);
    for (auto copies = 1 + below(12); copies > 0; --copies) {
      do
        match = this->match(original.field);
      while (!is_mixed && match.form != original.form);
      match.negated = original.negated && chance(0.95);
      rules.push_back(one);
    }
  }

  static bool is_listed(Field field) {
    return field == Field::ip_saddr || field == Field::ip_daddr || field == Field::ip6_saddr ||
           field == Field::ip6_daddr || field == Field::th_sport || field == Field::th_dport;
  }

  ProgramRule rule(Layer layer) {
    ProgramRule result;
    result.origin = std::make_shared<const Origin>();
    result.verdict = one_of({VerdictKind::accept, VerdictKind::drop, VerdictKind::accept, VerdictKind::drop,
                             VerdictKind::return_to_caller, VerdictKind::continue_with_next});
    const bool is_v4 = layer == Layer::ipv4 || (layer == Layer::ethernet && chance(0.5));
    const std::uint32_t type = is_v4 ? ETH_P_IP : ETH_P_IPV6;
    if (layer == Layer::ethernet && chance(0.85))
      result.matches.push_back({Field::ether_type, false, Form::single, {Literal(type)}});
    for (auto count = below(4); count > 0; --count)
      result.matches.push_back(match(field(layer, is_v4)));
    return result;
  }

  Field field(Layer layer, bool is_v4) {
    const auto protocol = is_v4 ? Field::ip_protocol : Field::ip6_protocol;
    const auto source = is_v4 ? Field::ip_saddr : Field::ip6_saddr;
    const auto destination = is_v4 ? Field::ip_daddr : Field::ip6_daddr;
    if (layer == Layer::ethernet)
      return one_of({protocol, source, destination, is_v4 ? Field::ip_dscp : Field::icmp6_type, Field::th_sport,
                     Field::th_dport});
    return one_of({protocol, protocol, source, destination, is_v4 ? Field::ip_dscp : Field::ip6_dscp, Field::th_sport,
                   Field::th_dport, Field::tcp_flags, is_v4 ? Field::icmp_type : Field::icmp6_type});
  }

  Ipv4Address ipv4() {
    Ipv4Address address{{10, 0, 0, static_cast<std::uint8_t>(1 + below(3))}};
    if (chance(0.4))
      address.bytes[below(4)] = static_cast<std::uint8_t>(below(256));
    return address;
  }
  Ipv6Address ipv6() {
    Ipv6Address address{{0xfd}};
    address.bytes[15] = static_cast<std::uint8_t>(1 + below(3));
    if (chance(0.4))
      address.bytes[below(16)] = static_cast<std::uint8_t>(below(256));
    return address;
  }

  template <typename Address> Match address_match(Field field, const Address &first, Address last) {
    const auto bits = static_cast<std::uint32_t>(first.bytes.size() * 8);
    const bool negated = chance(0.2);
    switch (below(3)) {
    case 0:
      return {field, negated, Form::single, {Literal(first)}};
    case 1:
      return {field, negated, Form::masked, {Literal(first), Literal(chance(0.7) ? below(bits + 1) : bits - below(4))}};
    default:
      if (last < first && chance(0.9)) // else the range is empty
        return {field, negated, Form::range, {Literal(last), Literal(first)}};
      return {field, negated, Form::range, {Literal(first), Literal(last)}};
    }
  }

  /// `values`: what packets are likely to have.
  Match number_match(Field field, std::initializer_list<std::uint32_t> values, std::uint32_t bound) {
    const auto value = [&] { return chance(0.8) ? one_of(values) : below(bound); };
    const bool negated = chance(0.2);
    if (chance(0.6))
      return {field, negated, Form::single, {Literal(value())}};
    const auto first = value();
    return {field, negated, Form::range, {Literal(first), Literal(chance(0.05) ? value() : first + below(bound / 4))}};
  }

  Match icmp_match(Field field) {
    const bool is_v4 = field == Field::icmp_type;
    const std::uint32_t request = is_v4 ? 8 : 128;
    const auto type = [&] { return one_of({request, request + 1, 0U, 3U, 255U, below(256)}); };
    const bool negated = chance(0.2);
    const auto first = type();
    const auto code = below(3);
    if (chance(0.4))
      return {field, negated, Form::single, {Literal(first)}};
    if (chance(0.5))
      return {field, negated, Form::pair, {Literal(first), Literal(code)}};
    return {field,
            negated,
            Form::range_pair,
            {Literal(first), Literal(first + below(40)), Literal(code), Literal(code + below(4))}};
  }

  Match match(Field field) {
    switch (field) {
    case Field::ip_saddr:
    case Field::ip_daddr:
      return address_match(field, ipv4(), ipv4());
    case Field::ip6_saddr:
    case Field::ip6_daddr:
      return address_match(field, ipv6(), ipv6());
    case Field::ip_protocol:
    case Field::ip6_protocol:
      return number_match(field,
                          {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, field == Field::ip_protocol ? 1U : 58U, 44,
                           IPPROTO_ESP, IPPROTO_NONE, IPPROTO_AH},
                          256);
    case Field::ip_dscp:
    case Field::ip6_dscp:
      return number_match(field, {0, 10, 46}, 64);
    case Field::th_sport:
    case Field::th_dport:
      return number_match(field, {22, 53, 80, 443, 1000, 2000, 0, 65535}, 65536);
    case Field::tcp_flags:
      if (chance(0.3))
        return {field, chance(0.2), Form::single, {Literal(below(64))}};
      return {field, chance(0.2), Form::masked, {Literal(one_of({2U, 16U, 18U, 0U, below(64)})), Literal(below(64))}};
    default:
      return icmp_match(field);
    }
  }

  std::mt19937 &random_;
};

} // namespace

ClosedProgram random_rules(std::mt19937 &random) { return Generator(random).run(); }

} // namespace nwgate::bpf::testing
