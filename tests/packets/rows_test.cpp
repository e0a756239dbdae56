// SPDX-License-Identifier: LGPL-2.1-or-later
/// Every protocol element with every attribute: frames that match and frames that do not, plain and negated, in both
/// directions, as written and mirrored. What arrives, and what the rules have counted, must be what the tables say.
#include "fixture.h"
#include "row.h"

#include "engine/model/protocol.h"

#include <fmt/format.h>

namespace nwgate::packets {
namespace {

/// Which rule meets the probes of a row.
struct Pass {
  Sender sender;
  bool mirrored;
  /// The line of `test` that holds the rule.
  int line;
};

constexpr int first_rule = 3;
constexpr int second_rule = 4;

class RowRunner {
public:
  RowRunner(const Network &network, const Engine &engine, Wire &wire, const std::string &element)
      : network_(network), engine_(engine), wire_(wire), element_(element),
        is_ethernet_(find_protocol(element)->layer == Layer::ethernet) {}

  void run(const Row &row) {
    for (const bool negated : {false, true}) {
      // One filter has a rule for either direction, the other one that is for both.
      run(row, negated, {{Sender::workload, false, first_rule}, {Sender::peer, false, second_rule}}, {"out", "in"});
      if (row.inout)
        run(row, negated, {{Sender::peer, false, first_rule}, {Sender::workload, true, first_rule}}, {"inout"});
    }
  }

private:
  [[nodiscard]] std::string rule(const Row &row, bool negated, const char *direction) const {
    const bool drops = row.counts_connections && !negated;
    const auto base = row.base.empty() ? std::string{} : fmt::format("<{} {}/>", element_, row.base);
    return fmt::format("<rule action='{}' direction='{}' priority='0'>{}<{} match='{}' {}/></rule>",
                       drops ? "drop" : "accept", direction, base, element_, negated ? "no" : "yes", row.attributes);
  }

  bool bind(const Row &row, bool negated, const std::vector<const char *> &directions) {
    std::vector<std::string> rules;
    for (const auto *direction : directions)
      rules.push_back(rule(row, negated, direction));
    if (!row.counts_connections || negated) {
      if (is_ethernet_)
        rules.emplace_back("<rule action='drop' direction='inout' priority='1000'/>");
      else
        for (const auto *all : {"all", "all-ipv6"})
          rules.push_back(fmt::format("<rule action='drop' direction='inout' priority='1000'><{}/></rule>", all));
    }
    rules.insert(rules.begin(), fence_rule);
    engine_.write_rules("test", rules);
    const auto outcome = engine_.bind("v0", "test");
    if (row.negation_is_refused && negated) {
      EXPECT_NE(outcome.status, 0) << "to negate it should have been refused";
      EXPECT_NE(outcome.errors.find("test.xml:3:"), std::string::npos) << outcome.errors;
      return false;
    }
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    return outcome.ok();
  }

  void run(const Row &row, bool negated, const std::vector<Pass> &passes, const std::vector<const char *> &directions) {
    if (!row.prelude.empty()) { // what went on before must be the same for either pass
      for (const auto &pass : passes) {
        network_.forget_connections();
        begin_connection(row, pass);
        if (bind(row, negated, directions))
          send(row, negated, pass);
        engine_.unbind("v0");
      }
      return;
    }
    if (!bind(row, negated, directions))
      return;
    for (const auto &pass : passes) {
      if (!is_ethernet_)
        network_.forget_connections();
      send(row, negated, pass);
    }
    check_counters(row, negated, passes);
    engine_.unbind("v0");
  }

  void begin_connection(const Row &row, const Pass &pass) {
    const auto other = pass.sender == Sender::workload ? Sender::peer : Sender::workload;
    for (const auto &prelude : row.prelude)
      EXPECT_TRUE(wire_.passes(prelude.by_sender ? pass.sender : other,
                               pass.mirrored ? mirrored(prelude.frame) : prelude.frame));
  }

  void send(const Row &row, bool negated, const Pass &pass) {
    std::vector<Frame> frames;
    for (const auto &probe : row.probes)
      frames.push_back(pass.mirrored ? mirrored(probe.frame) : probe.frame);
    const auto arrived = wire_.send(pass.sender, frames);
    const bool drops = row.counts_connections && !negated;
    for (std::size_t at = 0; at < frames.size(); ++at) {
      const bool expected = (negated ? row.probes[at].expected.negated : row.probes[at].expected.plain) != drops;
      EXPECT_EQ(arrived[at], expected) << describe(row, negated, pass) << ", probe " << at;
    }
  }

  void check_counters(const Row &row, bool negated, const std::vector<Pass> &passes) {
    std::uint64_t expected = 0;
    for (const auto &probe : row.probes)
      expected += (negated ? probe.expected.negated : probe.expected.plain) ? 1 : 0;
    const auto rules = engine_.rules("v0");
    for (const auto &pass : passes) {
      const bool out = pass.sender == Sender::workload;
      std::uint64_t counted = 0;
      for (const auto &rule : rules)
        if (rule.is_from("test", pass.line) && is_decision(rule, out))
          counted += rule.packets;
      EXPECT_EQ(counted, expected) << describe(row, negated, pass) << ", packets of the rule";
    }
  }

  /// The negation of a DSCP is a chain of its own, to which the rule jumps and which returns what it does not match.
  [[nodiscard]] bool is_decision(const KernelRule &rule, bool out) const {
    const bool in_root = rule.is_in_root(!is_ethernet_, out ? Direction::out : Direction::in);
    if (!is_ethernet_)
      return in_root;
    return (in_root || rule.chain.starts_with(out ? "I-v0-dscp" : "O-v0-dscp")) && rule.verdict == "accept";
  }

  [[nodiscard]] std::string describe(const Row &row, bool negated, const Pass &pass) const {
    return fmt::format("<{} {}match='{}' {}/> {}{}", element_,
                       row.base.empty() ? "" : row.base + "/> and <" + element_ + " ", negated ? "no" : "yes",
                       row.attributes, pass.sender == Sender::workload ? "from" : "to", " the workload") +
           (pass.mirrored ? ", mirrored" : "");
  }

  const Network &network_;
  const Engine &engine_;
  Wire &wire_;
  std::string element_;
  bool is_ethernet_;
};

class Elements : public KernelTest, public testing::WithParamInterface<Table> {};

TEST_P(Elements, MatchWhatTheTableSays) {
  must_run({"ipset", "restore"}, "create hosts4 hash:ip family inet\nadd hosts4 10.0.5.5\n"
                                 "create hosts6 hash:ip family inet6\nadd hosts6 fd00::5:5\n");
  // conntrack takes every checksum of UDPLITE for wrong: see UdpliteChecksums.
  if (GetParam().element.starts_with("udplite"))
    set_sysctl("netfilter/nf_conntrack_checksum", "0");
  RowRunner runner(network(), engine(), wire(), GetParam().element);
  for (const auto &row : GetParam().rows)
    runner.run(row);
  RecordProperty("rows", static_cast<int>(GetParam().rows.size()));
  RecordProperty("frames", static_cast<int>(wire().sent()));
}

INSTANTIATE_TEST_SUITE_P(All, Elements, testing::ValuesIn(all_tables()), [](const auto &instance) {
  auto name = instance.param.element;
  std::erase(name, '-');
  return name;
});

} // namespace

std::vector<Table> all_tables() {
  std::vector<Table> tables;
  for (const auto &some :
       {mac_tables(), stp_tables(), arp_tables(), ip_tables(), ipv6_tables(), ip_layer_tables(4), ip_layer_tables(6)})
    tables.insert(tables.end(), some.begin(), some.end());
  return tables;
}

} // namespace nwgate::packets
