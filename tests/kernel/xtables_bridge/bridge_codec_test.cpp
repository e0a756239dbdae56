// SPDX-License-Identifier: LGPL-2.1-or-later
/// The codec of family bridge against the kernel and ebtables-nft, in a network namespace of the test's own.
#include "drivers/xtables/bridge/bridge_codec.h"

#include "drivers/xtables/bridge/policy.h"
#include "tests/kernel/xtables_bridge/nat_table.h"
#include "tests/kernel/xtables_bridge/sample_rules.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

namespace nwgate::xtables::test {
namespace {

const char *const long_chain = "a-chain.with_28_characters_1";

class XtablesBridge : public testing::Test {
protected:
  void SetUp() override {
    const int error = enter_new_namespace();
    if (error != 0 && std::getenv("NWG_REQUIRE_KERNEL") != nullptr)
      FAIL() << "no network namespace: " << std::strerror(error);
    if (error != 0)
      GTEST_SKIP() << "no network namespace: " << std::strerror(error);
  }
};

std::vector<Chain> sample_chains() {
  std::vector<Chain> chains{{long_chain, {}, Verdict::drop}};
  for (auto &[name, rules] : sample_rules())
    chains.push_back({name, std::move(rules), Verdict::accept});
  return chains;
}

/// Rules by chain, the policies' rules left out; a rule that cannot be decoded fails the test.
std::map<std::string, std::vector<Rule>> decoded_rules() {
  std::map<std::string, std::vector<Rule>> chains;
  for (const auto &[chain, rule] : dump_nat()) {
    if (is_policy(*rule))
      continue;
    const auto decoded = decode_bridge(*rule);
    if (!decoded) {
      char text[4096];
      nftnl_rule_snprintf(text, sizeof text, rule.get(), NFTNL_OUTPUT_DEFAULT, 0);
      ADD_FAILURE() << "not decoded: " << text;
      continue;
    }
    chains[chain].push_back(*decoded);
    const NftRule again(nftnl_rule_alloc());
    EXPECT_EQ(encode_bridge(*decoded, *again), std::nullopt);
    EXPECT_EQ(expression_bytes(*again), expression_bytes(*rule)) << bridge_save_text(*decoded);
  }
  return chains;
}

void expect_same_rules(const std::vector<Chain> &chains) {
  const auto found = decoded_rules();
  for (const auto &[name, rules, policy] : chains) {
    const auto &in_kernel = found.contains(name) ? found.at(name) : std::vector<Rule>{};
    ASSERT_EQ(in_kernel.size(), rules.size()) << name;
    for (std::size_t i = 0; i < rules.size(); ++i)
      EXPECT_TRUE(in_kernel[i] == rules[i])
          << name << ": " << bridge_save_text(in_kernel[i]) << "\nis not " << bridge_save_text(rules[i]);
  }
}

TEST_F(XtablesBridge, KernelHoldsWhatWasEncoded) {
  const auto chains = sample_chains();
  ASSERT_EQ(load_nat(chains), 0);
  expect_same_rules(chains);
}

TEST_F(XtablesBridge, EbtablesListsOurText) {
  const auto chains = sample_chains();
  ASSERT_EQ(load_nat(chains), 0);
  for (const auto &[name, rules, policy] : chains) {
    std::vector<std::string> saved, listed;
    for (const auto &rule : rules) {
      saved.push_back("-A " + name + ' ' + bridge_save_text(rule));
      listed.push_back(bridge_save_text(rule) + " , pcnt = 0 -- bcnt = 0");
    }
    EXPECT_EQ(saved_lines("-A " + name + ' '), saved);
    std::string listing;
    for (const auto &line : listed)
      listing += line + '\n';
    const auto output = output_of("ebtables -t nat -L " + name + " --Lc");
    EXPECT_TRUE(output.ends_with("\n" + listing)) << output;
  }
}

/// Longer than what ebtables-restore makes, as libvirt's are.
TEST_F(XtablesBridge, EbtablesListsNamesOf31Characters) {
  const std::string name = "I-fifteen-chars-0-arp-suffix-13";
  ASSERT_EQ(name.size(), 31U);
  const std::vector<Chain> chains{{name, {}, Verdict::accept}, {"caller", {{{}, Jump{name}}}, Verdict::accept}};
  ASSERT_EQ(load_nat(chains), 0);
  expect_same_rules(chains);
  EXPECT_EQ(saved_lines("-A caller "), std::vector<std::string>{"-A caller -j " + name});
  EXPECT_TRUE(output_of("ebtables -t nat -L").find("Bridge chain: " + name + ",") != std::string::npos);
}

TEST_F(XtablesBridge, EbtablesSavesAndRestores) {
  const auto chains = sample_chains();
  ASSERT_EQ(load_nat(chains), 0);
  ASSERT_EQ(feed("ebtables-restore", output_of("ebtables-save")), 0);
  expect_same_rules(chains);
}

TEST_F(XtablesBridge, EbtablesWritesTheSameExpressions) {
  const auto chains = sample_chains();
  ASSERT_EQ(load_nat(chains), 0);
  const auto ours = dump_nat();
  ASSERT_EQ(feed("ebtables-restore", output_of("ebtables-save")), 0);
  const auto theirs = dump_nat();
  ASSERT_EQ(ours.size(), theirs.size());
  std::map<std::string, std::vector<std::vector<std::uint8_t>>> our_chains, their_chains;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    our_chains[ours[i].first].push_back(expression_bytes(*ours[i].second));
    their_chains[theirs[i].first].push_back(expression_bytes(*theirs[i].second));
  }
  EXPECT_TRUE(our_chains == their_chains);
}

/// libvirt's rules, as recorded from its own runs; one line an `-A`, in ebtables' words.
TEST_F(XtablesBridge, DecodesRulesOfLibvirt) {
  std::ifstream file(VECTORS "/libvirt.ebtables");
  std::string table = "*nat\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n:rules RETURN\n";
  std::string appended;
  std::vector<std::string> vectors;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#'))
      continue;
    vectors.push_back(line);
    appended += "-A rules " + line + '\n';
    const auto target = line.substr(line.find("-j ") + 3);
    if (target.starts_with("libvirt") || target.find("-v0") != target.npos)
      table += table.find(':' + target + ' ') == table.npos ? ':' + target + " ACCEPT\n" : "";
  }
  ASSERT_GT(vectors.size(), 100U);
  ASSERT_EQ(feed("ebtables-restore", table + appended), 0);
  std::vector<std::string> texts;
  const auto chains = decoded_rules();
  for (const auto &rule : chains.at("rules"))
    texts.push_back(bridge_save_text(rule));
  EXPECT_EQ(texts, vectors);
}

TEST_F(XtablesBridge, LengthIsWhatEbtablesPrintsFor600) {
  const std::vector<Chain> chains{
      {"c", {{{EtherType{{0x600, false}}}, Continue{}}, {{EtherType{{0x600, true}}}, Continue{}}}}};
  ASSERT_EQ(load_nat(chains), 0);
  expect_same_rules(chains);
  const std::string text = "-A c -p Length -j CONTINUE";
  EXPECT_EQ(saved_lines("-A"), (std::vector{text, text}));
  for (const auto &rule : chains[0].rules)
    EXPECT_EQ("-A c " + bridge_save_text(rule), text);
  ASSERT_EQ(feed("ebtables-restore", output_of("ebtables-save")), 0);
  for (const auto &[chain, rule] : dump_nat())
    EXPECT_TRUE(chain != "c" || is_policy(*rule) || !decode_bridge(*rule)) << "less than 0x600 is another match";
}

/// What ebtables can write and a Rule cannot say. The last one is what the kernel makes of an id with a
/// priority: it stops comparing the priority, but leaves it in the info.
TEST_F(XtablesBridge, RulesBeyondOurTermsAreNotDecoded) {
  for (const std::string text :
       {"-p Length -j DROP", "--mark 1 -j DROP", "--limit 1/s -j DROP", "--pkttype-type host -j DROP",
        "--among-src 02:00:00:00:00:01 -j DROP", "--nflog-group 1 -j DROP", "-j mark --mark-set 1",
        "-j snat --to-source 02:00:00:00:00:01", "-p IPv4 --ip-proto icmp --ip-icmp-type 8 -j DROP",
        "-p 802_1Q --vlan-id 291 --vlan-prio 3 -j DROP"}) {
    ASSERT_EQ(feed("ebtables-restore", "*nat\n:POSTROUTING ACCEPT\n-A POSTROUTING " + text + '\n'), 0) << text;
    const auto rules = dump_nat();
    ASSERT_EQ(rules.size(), 1U) << text;
    EXPECT_FALSE(decode_bridge(*rules[0].second)) << text;
  }
}

TEST_F(XtablesBridge, PoliciesOfUserChains) {
  const std::vector<Chain> chains{
      {"a", {}, Verdict::accept}, {"d", {}, Verdict::drop}, {"r", {}, Verdict::return_to_caller}};
  ASSERT_EQ(load_nat(chains), 0);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(saved_lines(":a"), std::vector<std::string>{":a ACCEPT"});
    EXPECT_EQ(saved_lines(":d"), std::vector<std::string>{":d DROP"});
    EXPECT_EQ(saved_lines(":r"), std::vector<std::string>{":r RETURN"});
    std::map<std::string, Verdict> policies;
    for (const auto &[chain, rule] : dump_nat()) {
      ASSERT_TRUE(is_policy(*rule));
      EXPECT_FALSE(decode_bridge(*rule));
      policies[chain] = *is_policy(*rule);
    }
    EXPECT_EQ(policies, (std::map<std::string, Verdict>{{"a", Verdict::accept}, {"d", Verdict::drop}}));
    ASSERT_EQ(feed("ebtables-restore", output_of("ebtables-save")), 0);
  }
}

/// ebtables moves its policy behind the rules that it appends: it knows ours.
TEST_F(XtablesBridge, EbtablesAppendsInFrontOfOurPolicy) {
  ASSERT_EQ(load_nat({{"d", {}, Verdict::drop}}), 0);
  ASSERT_EQ(output_of("ebtables -t nat -A d -p ARP -j ACCEPT 2>&1"), "");
  const auto rules = dump_nat();
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_FALSE(is_policy(*rules[0].second));
  EXPECT_EQ(is_policy(*rules[1].second), Verdict::drop);
}

} // namespace
} // namespace nwgate::xtables::test
