// SPDX-License-Identifier: LGPL-2.1-or-later
/// The few nf_tables expressions that ebtables-nft and iptables-nft write, made and recognised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct nftnl_expr;
struct nftnl_rule;

namespace nwgate::xtables {

using Bytes = std::span<const std::uint8_t>;

/// Appends expressions to one libnftnl rule, which it does not own. Every load goes to register 1, as the
/// tools do it.
class ExpressionWriter {
public:
  explicit ExpressionWriter(nftnl_rule &rule) : rule_(rule) {}

  /// `key` is an NFT_META_*.
  void meta(std::uint32_t key);
  /// `base` is an NFT_PAYLOAD_*; offset and length in bytes.
  void payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length);
  /// Masks register 1 with `mask`.
  void bitwise_and(Bytes mask);
  /// Compares register 1 with `data`; `negated` asks for inequality.
  void compare(Bytes data, bool negated);
  /// Compares register 1 with `data`, big endian; `operation` is an NFT_CMP_*.
  void relate(Bytes data, std::uint32_t operation);
  /// Compares register 1 with the inclusive range of two big-endian numbers of one length.
  void range(Bytes first, Bytes last, bool negated);
  void counter();
  /// `verdict` is NF_ACCEPT, NF_DROP, NFT_RETURN, NFT_JUMP, NFT_GOTO; `chain` goes with the last two.
  void verdict(std::int32_t verdict, const std::string &chain = {});
  /// An xt match. `info` is copied and padded to 8 bytes (XT_ALIGN).
  void match(std::string_view name, std::uint32_t revision, Bytes info);
  /// An xt target, likewise.
  void target(std::string_view name, std::uint32_t revision, Bytes info);

private:
  nftnl_rule &rule_;
};

/// A cursor over the expressions of one libnftnl rule, which it does not own. Each take_*() succeeds, and
/// moves on, only if the next expression is exactly of that form and uses register 1.
class ExpressionReader {
public:
  struct XtInfo {
    std::string name;
    std::uint32_t revision = 0;
    std::vector<std::uint8_t> info;
  };
  struct Payload {
    std::uint32_t base = 0, offset = 0, length = 0;
    bool operator==(const Payload &) const = default;
  };
  struct Compare {
    std::vector<std::uint8_t> data;
    bool negated = false;
  };
  struct Relation {
    std::vector<std::uint8_t> data;
    /// An NFT_CMP_*.
    std::uint32_t operation = 0;
  };
  struct RangeCompare {
    std::vector<std::uint8_t> first, last;
    bool negated = false;
  };
  struct VerdictInfo {
    std::int32_t verdict = 0;
    std::string chain;
  };

  explicit ExpressionReader(const nftnl_rule &rule);

  [[nodiscard]] bool at_end() const { return next_ == expressions_.size(); }
  std::optional<std::uint32_t> take_meta();
  std::optional<Payload> take_payload();
  /// What take_payload() would return, without moving on.
  [[nodiscard]] std::optional<Payload> peek_payload() const;
  std::optional<std::vector<std::uint8_t>> take_bitwise_and();
  std::optional<Compare> take_compare();
  /// Like take_compare(), with any operation.
  std::optional<Relation> take_relation();
  std::optional<RangeCompare> take_range();
  bool take_counter();
  std::optional<VerdictInfo> take_verdict();
  std::optional<XtInfo> take_match();
  std::optional<XtInfo> take_target();

private:
  /// The next expression if it is called `name`.
  const nftnl_expr *peek(std::string_view name) const;

  std::vector<const nftnl_expr *> expressions_;
  std::size_t next_ = 0;
};

} // namespace nwgate::xtables
