// SPDX-License-Identifier: LGPL-2.1-or-later
/// A program's rule to the expressions of nf_tables.
///
/// What nf_tables' own expressions decide exactly as the matches of ebtables and iptables do is written with them. The
/// rest is left to those matches: they read odd packets in ways of their own (docs/decisions/0006).
#pragma once

#include "drivers/netlink/expression_list.h"
#include "drivers/netlink/names.h"
#include "drivers/nftables/port_key.h"
#include "drivers/nftables/shared_program.h"
#include "drivers/xtables/codec.h"

#include <optional>
#include <string>
#include <variant>

namespace nwgate::nftables {

/// Where a chain's rules are.
struct Place {
  netlink::Family family{};
  Layer layer{};
  Direction direction{};
  PortKey key;
  /// The type of all frames that come to the chain, if the jumps to it ask for one: rules need not ask again.
  std::optional<std::uint32_t> ether_type = {};
};

/// Names that the rule refers to.
struct RuleNames {
  /// Of the set of a lookup.
  virtual std::string set(std::size_t lookup) const = 0;
  /// Of a chain of the same layer and direction.
  virtual std::string chain(const std::string &name) const = 0;
  /// Where packets of an IP layer go that are accepted; empty if that is all.
  virtual std::string accept() const = 0;
  /// Where packets go to be dropped, or rejected.
  virtual std::string drop() const = 0;
  virtual std::string reject() const = 0;
  /// A chain that drops packets without a whole header of ICMP, or of SCTP, and sends the others back.
  virtual std::string whole_icmp() const = 0;
  virtual std::string whole_sctp() const = 0;
  virtual ~RuleNames() = default;
};

/// Or why the rule cannot be expressed there.
std::variant<netlink::RuleContent, std::string> lower(const ProgramRule &rule, const RulePlan &plan, const Place &place,
                                                      const RuleNames &names, const xtables::SetIndex &sets);

/// The rule that has to stand before it: for IP in the bridge family and inet, where the kernel lacks the matches of
/// ICMP and SCTP that drop what they cannot read. Nothing if the rule needs none; it can be expressed if the rule can.
std::optional<netlink::RuleContent> lower_guard(const ProgramRule &rule, const RulePlan &plan, const Place &place,
                                                const RuleNames &names, const xtables::SetIndex &sets);

} // namespace nwgate::nftables
