// SPDX-License-Identifier: LGPL-2.1-or-later
/// The table `bridge nat` of this network namespace, written and read with libnftnl, and ebtables beside it.
#pragma once

#include "drivers/xtables/rule.h"
#include "engine/base/handle.h"

#include <cstdint>
#include <libnftnl/rule.h>
#include <string>
#include <utility>
#include <vector>

namespace nwgate::xtables::test {

using NftRule = Handle<nftnl_rule, nftnl_rule_free>;

/// A user chain and its rules.
struct Chain {
  std::string name;
  std::vector<Rule> rules;
  Verdict policy = Verdict::return_to_caller;
};

/// Moves this process into a network namespace of its own. Returns errno.
int enter_new_namespace();

/// Replaces `bridge nat`, with base chains as ebtables-nft makes them, in one batch. Returns the kernel's
/// errno.
int load_nat(const std::vector<Chain> &chains);

/// All rules of `bridge nat` with the names of their chains.
std::vector<std::pair<std::string, NftRule>> dump_nat();

/// The rule's expressions as they stand in a netlink message.
std::vector<std::uint8_t> expression_bytes(const nftnl_rule &rule);

/// The lines of `ebtables-save` that begin with the text.
std::vector<std::string> saved_lines(const std::string &beginning);
/// The whole standard output of a command.
std::string output_of(const std::string &command);
/// Gives the text to a command. Returns its exit status.
int feed(const std::string &command, const std::string &text);

} // namespace nwgate::xtables::test
