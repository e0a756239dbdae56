// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/ip_codec.h"

#include "drivers/cgroup/hierarchy.h"

#include "ip_codec_cases.h"
#include "private_namespace.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <set>
#include <sstream>

namespace nwgate::test {
namespace {

using namespace xtables;

std::string tool_of(Family family) { return family == Family::ip ? "iptables" : "ip6tables"; }

/// The cgroups that rules name, as long as the test runs.
class Cgroups {
public:
  Cgroups() : hierarchy_(cgroup::Hierarchy::find()) {
    for (const auto &path : cgroup_paths())
      if (hierarchy_ && path != "/") {
        EXPECT_TRUE(hierarchy_->make('/' + path)) << path;
      }
  }
  Cgroups(const Cgroups &) = delete;
  Cgroups &operator=(const Cgroups &) = delete;
  ~Cgroups() {
    auto paths = cgroup_paths();
    for (auto path = paths.rbegin(); path != paths.rend(); ++path)
      if (hierarchy_ && *path != "/") {
        EXPECT_TRUE(hierarchy_->remove('/' + *path)) << *path;
      }
  }
  /// False where there is no cgroup2.
  [[nodiscard]] bool are_there() const { return hierarchy_.has_value(); }

private:
  Result<cgroup::Hierarchy> hierarchy_;
};

bool names_path(const Case &one) {
  return std::ranges::any_of(one.rule.matches, [](const Match &match) {
    const auto *of_cgroup = std::get_if<Cgroup>(&match);
    return of_cgroup != nullptr && std::holds_alternative<std::string>(of_cgroup->cgroup);
  });
}

class IpCodec : public PrivateNamespace, public testing::WithParamInterface<Family> {
protected:
  [[nodiscard]] Family family() const { return GetParam(); }
  [[nodiscard]] std::optional<Rule> decode(const NftRule &rule) const { return ip::decode_ip(*rule, family(), sets_); }
  [[nodiscard]] NftRule encode(const Rule &rule) const {
    NftRule result(nftnl_rule_alloc());
    const auto refusal = ip::encode_ip(rule, family(), sets_, *result);
    EXPECT_FALSE(refusal) << *refusal << ": " << text_of(rule);
    return result;
  }
  [[nodiscard]] std::string text_of(const Rule &rule) const { return ip::ip_save_text(rule, family()); }

  void create_set(const std::string &name) const {
    run(fmt::format("ipset create {} hash:ip {}", name, family() == Family::ip6 ? "family inet6" : ""));
  }
  /// Writes the cases' rules in one batch.
  void commit_cases() {
    create_set(set_name);
    cases_ = cases(family());
    if (!cgroups_.are_there())
      std::erase_if(cases_, names_path);
    std::vector<NftRule> rules;
    for (const auto &one : cases_)
      rules.push_back(encode(one.rule));
    ASSERT_EQ(commit(family(), {other_chain}, rules), 0);
  }
  /// The rules in the kernel are encoded to the same expressions that they have.
  void expect_exact(const std::vector<NftRule> &rules) const {
    for (const auto &rule : rules) {
      const auto decoded = decode(rule);
      if (!decoded || family_fills_masks(*decoded))
        continue;
      EXPECT_EQ(expressions_of(*rule), expressions_of(*encode(*decoded))) << text_of(*decoded);
    }
  }

  std::vector<Case> cases_;
  xtables::HostIpSets sets_;
  Cgroups cgroups_;

private:
  /// connlimit in IPv4 has bytes without a meaning, which the restore tool fills in another way.
  [[nodiscard]] bool family_fills_masks(const Rule &rule) const {
    return family() == Family::ip && std::ranges::any_of(rule.matches, [](const auto &match) {
             return std::holds_alternative<ConnLimit>(match);
           });
  }
};

TEST_P(IpCodec, ListsRulesAsTheSaveToolDoes) {
  commit_cases();
  const auto saved = saved_rules(family());
  ASSERT_EQ(saved.size(), cases_.size());
  for (std::size_t i = 0; i < saved.size(); ++i)
    EXPECT_EQ(text_of(cases_[i].rule), saved[i]);
}

TEST_P(IpCodec, ReadsBackWhatItWrote) {
  commit_cases();
  const auto rules = dump(family());
  ASSERT_EQ(rules.size(), cases_.size());
  for (std::size_t i = 0; i < rules.size(); ++i)
    EXPECT_TRUE(decode(rules[i]) == cases_[i].decoded) << text_of(cases_[i].rule);
  expect_exact(rules);
}

TEST_P(IpCodec, ReadsWhatTheRestoreToolWroteFromTheSameText) {
  commit_cases();
  run(fmt::format("{0}-save | {0}-restore", tool_of(family())));
  const auto rules = dump(family());
  ASSERT_EQ(rules.size(), cases_.size());
  for (std::size_t i = 0; i < rules.size(); ++i)
    EXPECT_TRUE(decode(rules[i]) == cases_[i].restored) << text_of(cases_[i].rule);
  expect_exact(rules);
}

TEST_P(IpCodec, RefusesWhatTheToolsCannotKeep) {
  create_set(set_name);
  for (const auto &rule : refused(family())) {
    NftRule result(nftnl_rule_alloc());
    EXPECT_TRUE(ip::encode_ip(rule, family(), sets_, *result)) << text_of(rule);
  }
}

/// The word behind `option` in a line.
std::optional<std::string> word_behind(const std::string &line, const std::string &option) {
  std::istringstream words(line);
  for (std::string word; words >> word;)
    if (word == option && words >> word)
      return word;
  return std::nullopt;
}

TEST_P(IpCodec, ReadsTheRulesOfLibvirtAndListsThemInTheSameWords) {
  std::ifstream file(fmt::format("{}/{}.txt", VECTORS, tool_of(family())));
  const auto lines = lines_of({std::istreambuf_iterator<char>(file), {}});
  ASSERT_GT(lines.size(), 50U);

  std::set<std::string> chains;
  std::set<std::string> sets;
  std::string rules;
  for (const auto &line : lines) {
    rules += "-A x " + line + "\n";
    for (const char *option : {"-j", "-g"})
      if (const auto name = word_behind(line, option);
          name && *name != "ACCEPT" && *name != "DROP" && *name != "RETURN" && *name != "REJECT")
        chains.insert(":" + *name + " - [0:0]\n");
    if (const auto name = word_behind(line, "--match-set"))
      sets.insert(*name);
  }
  for (const auto &name : sets)
    create_set(name);
  run(tool_of(family()) + "-restore", fmt::format("*filter\n:x - [0:0]\n{}{}COMMIT\n", fmt::join(chains, ""), rules));

  const auto read = dump(family());
  ASSERT_EQ(read.size(), lines.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    const auto decoded = decode(read[i]);
    ASSERT_TRUE(decoded) << lines[i];
    EXPECT_EQ(text_of(*decoded), lines[i]);
  }
  expect_exact(read);
}

INSTANTIATE_TEST_SUITE_P(Families, IpCodec, testing::Values(Family::ip, Family::ip6),
                         [](const auto &family) { return tool_of(family.param); });

} // namespace
} // namespace nwgate::test
