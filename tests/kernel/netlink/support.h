// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the tests against the kernel's nf_tables share: a network namespace of their own, and small rules.
#pragma once

#include "drivers/netlink/counters.h"
#include "drivers/netlink/handles.h"
#include "drivers/netlink/names.h"
#include "drivers/netlink/read_back.h"
#include "drivers/netlink/socket.h"
#include "drivers/netlink/transaction.h"
#include "drivers/netlink/user_data.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace nwgate::netlink::testing {

/// Each test runs in a new network namespace, in which `socket` is opened. Without the privilege the test is
/// skipped, or fails if NWG_REQUIRE_KERNEL=1.
class KernelTest : public ::testing::Test {
protected:
  void SetUp() override;
  static bool required();

  /// A second one in the same namespace: another program.
  static Socket open_socket();
  /// Commits what must succeed.
  void must_commit(Transaction &transaction);
  /// `ip filter` with the user chain `c`, and rules in it whose user data say "1" to "COUNT".
  void make_chain_with_rules(int count);
  /// The texts that the rules of `c` carry.
  std::vector<std::string> labels();
  std::vector<NftRule> rules_of_chain();

  Socket &socket() { return *socket_; }

  const TableName table_{Family::ip, "filter"};
  const ChainName chain_{Family::ip, "filter", "c"};

private:
  std::unique_ptr<Socket> socket_;
};

/// `counter; VERDICT`, with `label` as user data of type 7. Without a verdict (null) only the counter.
NftRule make_rule(const ChainName &chain, const std::string &label = {},
                  const std::optional<std::int32_t> &verdict = {});
/// `counter; jump TARGET`.
NftRule make_jump(const ChainName &chain, const std::string &target);
/// What make_rule() took as label.
std::string label_of(const nftnl_rule &rule);

/// Runs a shell command; fails the test unless it returns 0.
void shell(const std::string &command);

} // namespace nwgate::netlink::testing
