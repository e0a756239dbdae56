// SPDX-License-Identifier: LGPL-2.1-or-later
/// A network namespace of the test's own, and the tools and tables in it.
#pragma once

#include "drivers/xtables/codec.h"
#include "drivers/xtables/ip_sets.h"
#include "engine/base/handle.h"

#include <gtest/gtest.h>
#include <libnftnl/rule.h>
#include <string>
#include <vector>

namespace nwgate::test {

using NftRule = Handle<nftnl_rule, nftnl_rule_free>;

/// Enters a new network namespace before each test. Without the privilege the test is skipped, or fails if
/// NWG_REQUIRE_KERNEL is set.
class PrivateNamespace : public testing::Test {
protected:
  void SetUp() override;
};

/// Runs a shell command with `input` and returns what it printed; a failure is a failure of the test.
std::string run(const std::string &command, const std::string &input = {});

/// The lines of `text`.
std::vector<std::string> lines_of(const std::string &text);

/// What the family's save tool prints behind `-A x `.
std::vector<std::string> saved_rules(xtables::Family family);

/// Commits the table `filter` with its base chains as the tools make them, empty `chains`, and the rules in
/// chain `x`, in one batch. Returns the kernel's answer, 0 or an errno.
int commit(xtables::Family family, const std::vector<std::string> &chains, const std::vector<NftRule> &rules);

/// The rules of chain `x`.
std::vector<NftRule> dump(xtables::Family family);

/// One string a netlink attribute of an expression, to compare rules.
std::vector<std::string> expressions_of(const nftnl_rule &rule);

} // namespace nwgate::test
