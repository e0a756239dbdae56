// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/expressions.h"

#include <cstdlib>
#include <cstring>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <new>

namespace nwgate::xtables {
namespace {

nftnl_expr &append(nftnl_rule &rule, const char *name) {
  nftnl_expr *expression = nftnl_expr_alloc(name);
  if (expression == nullptr)
    throw std::bad_alloc();
  nftnl_rule_add_expr(&rule, expression);
  return *expression;
}

/// libnftnl frees the info of xt expressions with free(), so it is made with malloc().
void *padded_copy(Bytes info, std::uint32_t &size) {
  size = static_cast<std::uint32_t>((info.size() + 7U) & ~std::size_t{7});
  void *copy = std::calloc(1, size);
  if (copy == nullptr)
    throw std::bad_alloc();
  if (!info.empty())
    std::memcpy(copy, info.data(), info.size());
  return copy;
}

std::vector<std::uint8_t> bytes_of(const nftnl_expr &expression, std::uint16_t attribute) {
  std::uint32_t length = 0;
  const auto *data = static_cast<const std::uint8_t *>(nftnl_expr_get(&expression, attribute, &length));
  return data == nullptr ? std::vector<std::uint8_t>{} : std::vector<std::uint8_t>(data, data + length);
}

bool is(const nftnl_expr &expression, std::uint16_t attribute, std::uint32_t value) {
  return nftnl_expr_get_u32(&expression, attribute) == value;
}

} // namespace

void ExpressionWriter::meta(std::uint32_t key) {
  auto &e = append(rule_, "meta");
  nftnl_expr_set_u32(&e, NFTNL_EXPR_META_KEY, key);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

void ExpressionWriter::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length) {
  auto &e = append(rule_, "payload");
  nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_BASE, base);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_LEN, length);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
}

void ExpressionWriter::bitwise_and(Bytes mask) {
  auto &e = append(rule_, "bitwise");
  const auto length = static_cast<std::uint32_t>(mask.size());
  const std::vector<std::uint8_t> zeros(mask.size());
  nftnl_expr_set_u32(&e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_BITWISE_LEN, length);
  nftnl_expr_set(&e, NFTNL_EXPR_BITWISE_MASK, mask.data(), length);
  nftnl_expr_set(&e, NFTNL_EXPR_BITWISE_XOR, zeros.data(), length);
}

void ExpressionWriter::compare(Bytes data, bool negated) { relate(data, negated ? NFT_CMP_NEQ : NFT_CMP_EQ); }

void ExpressionWriter::relate(Bytes data, std::uint32_t operation) {
  auto &e = append(rule_, "cmp");
  nftnl_expr_set_u32(&e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_CMP_OP, operation);
  nftnl_expr_set(&e, NFTNL_EXPR_CMP_DATA, data.data(), static_cast<std::uint32_t>(data.size()));
}

void ExpressionWriter::range(Bytes first, Bytes last, bool negated) {
  auto &e = append(rule_, "range");
  nftnl_expr_set_u32(&e, NFTNL_EXPR_RANGE_SREG, NFT_REG_1);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_RANGE_OP, negated ? NFT_RANGE_NEQ : NFT_RANGE_EQ);
  nftnl_expr_set(&e, NFTNL_EXPR_RANGE_FROM_DATA, first.data(), static_cast<std::uint32_t>(first.size()));
  nftnl_expr_set(&e, NFTNL_EXPR_RANGE_TO_DATA, last.data(), static_cast<std::uint32_t>(last.size()));
}

void ExpressionWriter::counter() {
  auto &e = append(rule_, "counter");
  nftnl_expr_set_u64(&e, NFTNL_EXPR_CTR_PACKETS, 0);
  nftnl_expr_set_u64(&e, NFTNL_EXPR_CTR_BYTES, 0);
}

void ExpressionWriter::verdict(std::int32_t verdict, const std::string &chain) {
  auto &e = append(rule_, "immediate");
  nftnl_expr_set_u32(&e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  nftnl_expr_set_u32(&e, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(verdict));
  if (!chain.empty())
    nftnl_expr_set_str(&e, NFTNL_EXPR_IMM_CHAIN, chain.c_str());
}

void ExpressionWriter::match(std::string_view name, std::uint32_t revision, Bytes info) {
  auto &e = append(rule_, "match");
  nftnl_expr_set(&e, NFTNL_EXPR_MT_NAME, name.data(), static_cast<std::uint32_t>(name.size()));
  nftnl_expr_set_u32(&e, NFTNL_EXPR_MT_REV, revision);
  std::uint32_t size = 0;
  void *copy = padded_copy(info, size);
  nftnl_expr_set(&e, NFTNL_EXPR_MT_INFO, copy, size);
} // NOLINT(clang-analyzer-unix.Malloc): the expression owns the copy now

void ExpressionWriter::target(std::string_view name, std::uint32_t revision, Bytes info) {
  auto &e = append(rule_, "target");
  nftnl_expr_set(&e, NFTNL_EXPR_TG_NAME, name.data(), static_cast<std::uint32_t>(name.size()));
  nftnl_expr_set_u32(&e, NFTNL_EXPR_TG_REV, revision);
  std::uint32_t size = 0;
  void *copy = padded_copy(info, size);
  nftnl_expr_set(&e, NFTNL_EXPR_TG_INFO, copy, size);
} // NOLINT(clang-analyzer-unix.Malloc): the expression owns the copy now

ExpressionReader::ExpressionReader(const nftnl_rule &rule) {
  // libnftnl's foreach takes a pointer to non-const but changes nothing.
  nftnl_expr_foreach(
      const_cast<nftnl_rule *>(&rule),
      [](nftnl_expr *expression, void *list) {
        static_cast<std::vector<const nftnl_expr *> *>(list)->push_back(expression);
        return 0;
      },
      &expressions_);
}

const nftnl_expr *ExpressionReader::peek(std::string_view name) const {
  if (at_end() || name != nftnl_expr_get_str(expressions_[next_], NFTNL_EXPR_NAME))
    return nullptr;
  return expressions_[next_];
}

std::optional<std::uint32_t> ExpressionReader::take_meta() {
  const auto *e = peek("meta");
  if (e == nullptr || nftnl_expr_is_set(e, NFTNL_EXPR_META_SREG) || !is(*e, NFTNL_EXPR_META_DREG, NFT_REG_1))
    return std::nullopt;
  ++next_;
  return nftnl_expr_get_u32(e, NFTNL_EXPR_META_KEY);
}

std::optional<ExpressionReader::Payload> ExpressionReader::take_payload() {
  const auto payload = peek_payload();
  if (payload)
    ++next_;
  return payload;
}

std::optional<ExpressionReader::Payload> ExpressionReader::peek_payload() const {
  const auto *e = peek("payload");
  if (e == nullptr || nftnl_expr_is_set(e, NFTNL_EXPR_PAYLOAD_SREG) || !is(*e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1))
    return std::nullopt;
  return Payload{nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_BASE), nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET),
                 nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_LEN)};
}

std::optional<std::vector<std::uint8_t>> ExpressionReader::take_bitwise_and() {
  const auto *e = peek("bitwise");
  if (e == nullptr || !is(*e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1) || !is(*e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1) ||
      !is(*e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL))
    return std::nullopt;
  auto mask = bytes_of(*e, NFTNL_EXPR_BITWISE_MASK);
  if (bytes_of(*e, NFTNL_EXPR_BITWISE_XOR) != std::vector<std::uint8_t>(mask.size()) ||
      !is(*e, NFTNL_EXPR_BITWISE_LEN, static_cast<std::uint32_t>(mask.size())))
    return std::nullopt;
  ++next_;
  return mask;
}

std::optional<ExpressionReader::Compare> ExpressionReader::take_compare() {
  const auto *e = peek("cmp");
  if (e == nullptr || !is(*e, NFTNL_EXPR_CMP_SREG, NFT_REG_1))
    return std::nullopt;
  const auto operation = nftnl_expr_get_u32(e, NFTNL_EXPR_CMP_OP);
  if (operation != NFT_CMP_EQ && operation != NFT_CMP_NEQ)
    return std::nullopt;
  ++next_;
  return Compare{bytes_of(*e, NFTNL_EXPR_CMP_DATA), operation == NFT_CMP_NEQ};
}

std::optional<ExpressionReader::Relation> ExpressionReader::take_relation() {
  const auto *e = peek("cmp");
  if (e == nullptr || !is(*e, NFTNL_EXPR_CMP_SREG, NFT_REG_1))
    return std::nullopt;
  ++next_;
  return Relation{bytes_of(*e, NFTNL_EXPR_CMP_DATA), nftnl_expr_get_u32(e, NFTNL_EXPR_CMP_OP)};
}

std::optional<ExpressionReader::RangeCompare> ExpressionReader::take_range() {
  const auto *e = peek("range");
  if (e == nullptr || !is(*e, NFTNL_EXPR_RANGE_SREG, NFT_REG_1))
    return std::nullopt;
  const auto operation = nftnl_expr_get_u32(e, NFTNL_EXPR_RANGE_OP);
  if (operation != NFT_RANGE_EQ && operation != NFT_RANGE_NEQ)
    return std::nullopt;
  ++next_;
  return RangeCompare{bytes_of(*e, NFTNL_EXPR_RANGE_FROM_DATA), bytes_of(*e, NFTNL_EXPR_RANGE_TO_DATA),
                      operation == NFT_RANGE_NEQ};
}

bool ExpressionReader::take_counter() {
  if (peek("counter") == nullptr)
    return false;
  ++next_;
  return true;
}

std::optional<ExpressionReader::VerdictInfo> ExpressionReader::take_verdict() {
  const auto *e = peek("immediate");
  if (e == nullptr || !is(*e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT))
    return std::nullopt;
  ++next_;
  const char *chain = nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN);
  return VerdictInfo{static_cast<std::int32_t>(nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT)),
                     chain == nullptr ? "" : chain};
}

std::optional<ExpressionReader::XtInfo> ExpressionReader::take_match() {
  const auto *e = peek("match");
  if (e == nullptr)
    return std::nullopt;
  ++next_;
  return XtInfo{nftnl_expr_get_str(e, NFTNL_EXPR_MT_NAME), nftnl_expr_get_u32(e, NFTNL_EXPR_MT_REV),
                bytes_of(*e, NFTNL_EXPR_MT_INFO)};
}

std::optional<ExpressionReader::XtInfo> ExpressionReader::take_target() {
  const auto *e = peek("target");
  if (e == nullptr)
    return std::nullopt;
  ++next_;
  return XtInfo{nftnl_expr_get_str(e, NFTNL_EXPR_TG_NAME), nftnl_expr_get_u32(e, NFTNL_EXPR_TG_REV),
                bytes_of(*e, NFTNL_EXPR_TG_INFO)};
}

} // namespace nwgate::xtables
