// SPDX-License-Identifier: LGPL-2.1-or-later
/// A rule of the xtables tools, to nf_tables expressions, back, and to the tools' own text.
#pragma once

#include "drivers/xtables/rule.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

struct nftnl_rule;

namespace nwgate::xtables {

/// Names and numbers of the host's IP sets: an xt `set` match holds the number. One implementation asks the kernel,
/// tests have their own.
class SetIndex {
public:
  virtual ~SetIndex() = default;
  /// The kernel's number of a set, or nothing if there is none of that name.
  [[nodiscard]] virtual std::optional<std::uint16_t> index_of(const std::string &name) const = 0;
  [[nodiscard]] virtual std::optional<std::string> name_of(std::uint16_t index) const = 0;
};

/// Any name is a set, and has no number: what needs no kernel.
class AnySet final : public SetIndex {
public:
  [[nodiscard]] std::optional<std::uint16_t> index_of(const std::string & /*name*/) const override { return 0; }
  [[nodiscard]] std::optional<std::string> name_of(std::uint16_t /*index*/) const override { return std::nullopt; }
};

/// Appends to `out` the expressions that the family's Debian tool would write for the rule, counter and target
/// included, and sets the rule's compatibility protocol where xt extensions need it.
/// Returns why the rule cannot be written (a set that does not exist, a match of another family), or nothing.
/// A rule with ConntrackState or another match that needs a kernel feature is written regardless: the kernel judges.
std::optional<std::string> encode(const Rule &rule, Family family, const SetIndex &sets, nftnl_rule &out);

/// Appends the expressions of extensions alone, in the order given: no counter, no target, nothing of the matches that
/// need no extension (addresses, types, the protocol), which only tell what the others want to know of the rule.
std::optional<std::string> encode_extensions(const std::vector<Match> &matches, Family family, const SetIndex &sets,
                                             nftnl_rule &out);

/// The rule that the expressions of `in` stand for: exact, so that encode(decode(x)) has the same expressions as x,
/// counter values and kernel-private parts of xt infos apart. Nothing if any part of it is not understood.
std::optional<Rule> decode(const nftnl_rule &in, Family family, const SetIndex &sets);

/// What the tools' -save prints for one xt match of the kernel, whatever stands beside it; nothing if it is not
/// understood.
std::optional<std::string> extension_text(const std::string &name, std::uint32_t revision,
                                          std::span<const std::uint8_t> info, Family family, const SetIndex &sets);

/// What `ebtables-save`, `iptables-save` or `ip6tables-save` print behind `-A CHAIN `, byte for byte.
std::string to_save_text(const Rule &rule, Family family);

} // namespace nwgate::xtables
