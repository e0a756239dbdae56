// SPDX-License-Identifier: LGPL-2.1-or-later
/// The expressions of one rule as the kernel reads them, written without an object of libnftnl for each: what rules of
/// any registers and of newer kernels need.
#pragma once

#include "drivers/netlink/counters.h"
#include "drivers/netlink/names.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct nftnl_rule;
struct nlattr;

namespace nwgate::netlink {

/// A register of nf_tables: NFT_REG32_00 + word. 16 words of four bytes; a value of more bytes takes the next ones too.
struct Register {
  std::uint32_t word = 0;
};

class ExpressionList {
public:
  /// `key` is an NFT_META_*.
  void meta(std::uint32_t key, Register to);
  void set_meta(std::uint32_t key, Register from);
  /// `base` is an NFT_PAYLOAD_*; offset and length in bytes. The rule does not match where the packet ends before.
  void payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length, Register to);
  /// Of the first extension header of that kind in a packet of IPv6. The rule does not match where there is none.
  void extension_header(std::uint8_t kind, std::uint32_t offset, std::uint32_t length, Register to);
  /// The id, of 8 bytes, of the cgroup v2 that the packet's socket is in, or of that one's ancestor at the level (the
  /// root is at level 0). The rule does not match where there is no such.
  void socket_cgroup(std::uint32_t level, Register to);
  /// `key` is an NFT_CT_*.
  void ct(std::uint32_t key, Register to);
  void bitwise_and(Register from, Register to, Bytes mask);
  /// Sets bits of a number in the host's byte order.
  void bitwise_or(Register from, Register to, std::uint32_t bits);
  /// `operation` is an NFT_CMP_*.
  void compare(Register from, std::uint32_t operation, Bytes data);
  /// The inclusive range of two big-endian numbers.
  void range(Register from, Bytes first, Bytes last, bool negated);
  /// Whether the key, which begins in `key`, is in the set; negated: is not.
  void lookup(const std::string &set, Register key, bool negated = false);
  /// The data of the key in the map; the rule does not match if the key is not there.
  void lookup_data(const std::string &map, Register key, Register to);
  /// Goes where the key leads in a verdict map.
  void lookup_verdict(const std::string &map, Register key);
  void counter();
  /// `verdict` is NF_ACCEPT, NF_DROP, NFT_RETURN, NFT_JUMP, NFT_GOTO; `chain` goes with the last two.
  void verdict(std::int32_t verdict, const std::string &chain = {});
  /// Rejects as iptables does: ICMP's, or ICMPv6's, port unreachable.
  void reject(std::uint8_t code);
  /// What libnftnl wrote into a rule.
  void append(const nftnl_rule &rule);

  [[nodiscard]] const std::vector<std::uint8_t> &bytes() const { return bytes_; }

private:
  void add(std::string_view name, const std::vector<std::uint8_t> &attributes);

  /// Attributes NFTA_LIST_ELEM, one behind the other.
  std::vector<std::uint8_t> bytes_;
};

/// A rule as it is sent to the kernel.
struct RuleContent {
  std::vector<std::uint8_t> expressions;
  std::vector<std::uint8_t> user_data;
  /// What xt matches want to know of the rule (NFTA_RULE_COMPAT): the protocol that it is about, 0 without.
  std::uint32_t compat_protocol = 0;
};

/// The same expressions in one form, whoever wrote them: attributes in the order of their numbers, without what
/// counters have counted and without attributes that say what goes without saying. Equal rules have equal forms.
std::string canonical_form(Bytes expressions);

/// Lets the first counter start at `counts`.
void set_counts(RuleContent &rule, const Counts &counts);

} // namespace nwgate::netlink
