// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/expression_list.h"

#include "drivers/netlink/handles.h"
#include "drivers/netlink/message.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <memory>
#include <new>

namespace nwgate::netlink {
namespace {

/// Attributes in a buffer of their own.
class Attributes {
public:
  void put(std::uint16_t type, const void *data, std::size_t size) {
    nlattr head{};
    head.nla_len = static_cast<std::uint16_t>(MNL_ATTR_HDRLEN + size);
    head.nla_type = type;
    const auto start = bytes_.size();
    bytes_.resize(start + MNL_ALIGN(head.nla_len));
    std::memcpy(bytes_.data() + start, &head, sizeof head);
    if (size > 0)
      std::memcpy(bytes_.data() + start + MNL_ATTR_HDRLEN, data, size);
  }
  void number(std::uint16_t type, std::uint32_t value) {
    const std::uint32_t big_endian = htonl(value);
    put(type, &big_endian, sizeof big_endian);
  }
  void text(std::uint16_t type, const std::string &text) { put(type, text.c_str(), text.size() + 1); }
  void nest(std::uint16_t type, const std::vector<std::uint8_t> &content) {
    put(type | NLA_F_NESTED, content.data(), content.size());
  }
  void value(std::uint16_t type, Bytes data) {
    Attributes inner;
    inner.put(NFTA_DATA_VALUE, data.data(), data.size());
    nest(type, inner.bytes_);
  }
  [[nodiscard]] const std::vector<std::uint8_t> &bytes() const { return bytes_; }

private:
  std::vector<std::uint8_t> bytes_;
};

/// As the kernel lists it: a register of 16 bytes where one begins.
std::uint32_t number_of(Register place) {
  return place.word % 4 == 0 ? NFT_REG_1 + place.word / 4 : NFT_REG32_00 + place.word;
}

} // namespace

void ExpressionList::add(std::string_view name, const std::vector<std::uint8_t> &attributes) {
  Attributes expression;
  expression.text(NFTA_EXPR_NAME, std::string(name));
  expression.nest(NFTA_EXPR_DATA, attributes);
  Attributes element;
  element.nest(NFTA_LIST_ELEM, expression.bytes());
  bytes_.insert(bytes_.end(), element.bytes().begin(), element.bytes().end());
}

void ExpressionList::meta(std::uint32_t key, Register to) {
  Attributes a;
  a.number(NFTA_META_KEY, key);
  a.number(NFTA_META_DREG, number_of(to));
  add("meta", a.bytes());
}

void ExpressionList::set_meta(std::uint32_t key, Register from) {
  Attributes a;
  a.number(NFTA_META_KEY, key);
  a.number(NFTA_META_SREG, number_of(from));
  add("meta", a.bytes());
}

void ExpressionList::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length, Register to) {
  Attributes a;
  a.number(NFTA_PAYLOAD_DREG, number_of(to));
  a.number(NFTA_PAYLOAD_BASE, base);
  a.number(NFTA_PAYLOAD_OFFSET, offset);
  a.number(NFTA_PAYLOAD_LEN, length);
  add("payload", a.bytes());
}

void ExpressionList::extension_header(std::uint8_t kind, std::uint32_t offset, std::uint32_t length, Register to) {
  Attributes a;
  a.number(NFTA_EXTHDR_DREG, number_of(to));
  a.put(NFTA_EXTHDR_TYPE, &kind, sizeof kind);
  a.number(NFTA_EXTHDR_OFFSET, offset);
  a.number(NFTA_EXTHDR_LEN, length);
  a.number(NFTA_EXTHDR_FLAGS, 0);
  a.number(NFTA_EXTHDR_OP, NFT_EXTHDR_OP_IPV6);
  add("exthdr", a.bytes());
}

void ExpressionList::socket_cgroup(std::uint32_t level, Register to) {
  Attributes a;
  a.number(NFTA_SOCKET_KEY, NFT_SOCKET_CGROUPV2);
  a.number(NFTA_SOCKET_DREG, number_of(to));
  a.number(NFTA_SOCKET_LEVEL, level);
  add("socket", a.bytes());
}

void ExpressionList::ct(std::uint32_t key, Register to) {
  Attributes a;
  a.number(NFTA_CT_KEY, key);
  a.number(NFTA_CT_DREG, number_of(to));
  add("ct", a.bytes());
}

void ExpressionList::bitwise_and(Register from, Register to, Bytes mask) {
  const std::vector<std::uint8_t> zeros(mask.size());
  Attributes a;
  a.number(NFTA_BITWISE_SREG, number_of(from));
  a.number(NFTA_BITWISE_DREG, number_of(to));
  a.number(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(mask.size()));
  a.value(NFTA_BITWISE_MASK, mask);
  a.value(NFTA_BITWISE_XOR, zeros);
  add("bitwise", a.bytes());
}

void ExpressionList::bitwise_or(Register from, Register to, std::uint32_t bits) {
  const auto bytes = [](std::uint32_t number) {
    std::array<std::uint8_t, sizeof number> data{};
    std::memcpy(data.data(), &number, sizeof number);
    return data;
  };
  Attributes a;
  a.number(NFTA_BITWISE_SREG, number_of(from));
  a.number(NFTA_BITWISE_DREG, number_of(to));
  a.number(NFTA_BITWISE_LEN, sizeof bits);
  a.value(NFTA_BITWISE_MASK, bytes(~bits));
  a.value(NFTA_BITWISE_XOR, bytes(bits));
  add("bitwise", a.bytes());
}

void ExpressionList::compare(Register from, std::uint32_t operation, Bytes data) {
  Attributes a;
  a.number(NFTA_CMP_SREG, number_of(from));
  a.number(NFTA_CMP_OP, operation);
  a.value(NFTA_CMP_DATA, data);
  add("cmp", a.bytes());
}

void ExpressionList::range(Register from, Bytes first, Bytes last, bool negated) {
  Attributes a;
  a.number(NFTA_RANGE_SREG, number_of(from));
  a.number(NFTA_RANGE_OP, negated ? NFT_RANGE_NEQ : NFT_RANGE_EQ);
  a.value(NFTA_RANGE_FROM_DATA, first);
  a.value(NFTA_RANGE_TO_DATA, last);
  add("range", a.bytes());
}

void ExpressionList::lookup(const std::string &set, Register key, bool negated) {
  Attributes a;
  a.text(NFTA_LOOKUP_SET, set);
  a.number(NFTA_LOOKUP_SREG, number_of(key));
  if (negated)
    a.number(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
  add("lookup", a.bytes());
}

void ExpressionList::lookup_data(const std::string &map, Register key, Register to) {
  Attributes a;
  a.text(NFTA_LOOKUP_SET, map);
  a.number(NFTA_LOOKUP_SREG, number_of(key));
  a.number(NFTA_LOOKUP_DREG, number_of(to));
  add("lookup", a.bytes());
}

void ExpressionList::lookup_verdict(const std::string &map, Register key) {
  Attributes a;
  a.text(NFTA_LOOKUP_SET, map);
  a.number(NFTA_LOOKUP_SREG, number_of(key));
  a.number(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
  add("lookup", a.bytes());
}

void ExpressionList::counter() {
  const std::uint64_t zero = 0;
  Attributes a;
  a.put(NFTA_COUNTER_BYTES, &zero, sizeof zero);
  a.put(NFTA_COUNTER_PACKETS, &zero, sizeof zero);
  add("counter", a.bytes());
}

void ExpressionList::verdict(std::int32_t verdict, const std::string &chain) {
  Attributes code;
  code.number(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(verdict));
  if (!chain.empty())
    code.text(NFTA_VERDICT_CHAIN, chain);
  Attributes data;
  data.nest(NFTA_DATA_VERDICT, code.bytes());
  Attributes a;
  a.number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
  a.nest(NFTA_IMMEDIATE_DATA, data.bytes());
  add("immediate", a.bytes());
}

void ExpressionList::reject(std::uint8_t code) {
  Attributes a;
  a.number(NFTA_REJECT_TYPE, NFT_REJECT_ICMP_UNREACH);
  a.put(NFTA_REJECT_ICMP_CODE, &code, sizeof code);
  add("reject", a.bytes());
}

void ExpressionList::append(const nftnl_rule &rule) {
  constexpr std::size_t room = std::size_t{1} << 17; // libnftnl checks no bounds; its largest rules have a few kB
  const auto scratch = std::make_unique_for_overwrite<char[]>(room);
  nlmsghdr *message = mnl_nlmsg_put_header(scratch.get());
  mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg));
  nftnl_rule_nlmsg_build_payload(message, const_cast<nftnl_rule *>(&rule));
  for (const nlattr *attribute : attributes_in(*message)) {
    if (mnl_attr_get_type(attribute) != NFTA_RULE_EXPRESSIONS)
      continue;
    const auto *first = static_cast<const std::uint8_t *>(mnl_attr_get_payload(attribute));
    bytes_.insert(bytes_.end(), first, first + mnl_attr_get_payload_len(attribute));
  }
}

namespace {

/// Attributes that hold attributes, by the name of the expression. Verdicts and values are nested in all of them alike.
bool is_nest(std::string_view expression, unsigned type) {
  struct Nest {
    std::string_view expression;
    unsigned type;
  };
  static constexpr std::array nests = {Nest{"bitwise", NFTA_BITWISE_MASK},    Nest{"bitwise", NFTA_BITWISE_XOR},
                                       Nest{"bitwise", NFTA_BITWISE_DATA},    Nest{"cmp", NFTA_CMP_DATA},
                                       Nest{"range", NFTA_RANGE_FROM_DATA},   Nest{"range", NFTA_RANGE_TO_DATA},
                                       Nest{"immediate", NFTA_IMMEDIATE_DATA}};
  return std::ranges::any_of(nests, [&](const Nest &n) { return n.expression == expression && n.type == type; });
}

/// What an expression says without the attribute as well.
bool goes_without_saying(std::string_view expression, const nlattr &attribute) {
  const auto type = mnl_attr_get_type(&attribute);
  const bool is_zero = mnl_attr_get_payload_len(&attribute) == 4 && mnl_attr_get_u32(&attribute) == 0;
  if (expression == "counter")
    return true;
  if (expression == "lookup")
    return (type == NFTA_LOOKUP_FLAGS && is_zero) || type == NFTA_LOOKUP_SET_ID;
  return expression == "bitwise" && type == NFTA_BITWISE_OP && is_zero;
}

/// Type, length and bytes of each attribute, nested ones alike, in the order of their types.
void write_sorted(std::string_view expression, std::vector<const nlattr *> attributes, int depth, std::string &out) {
  std::ranges::stable_sort(attributes, {}, [](const nlattr *a) { return mnl_attr_get_type(a); });
  for (const nlattr *attribute : attributes) {
    const auto type = mnl_attr_get_type(attribute);
    if (depth == 0 && goes_without_saying(expression, *attribute))
      continue;
    std::string content;
    const bool is_verdict = depth == 1 && expression == "immediate" && type == NFTA_DATA_VERDICT;
    if ((depth == 0 && is_nest(expression, type)) || is_verdict)
      write_sorted(expression, attributes_in(*attribute), depth + 1, content);
    else
      content.assign(static_cast<const char *>(mnl_attr_get_payload(attribute)), mnl_attr_get_payload_len(attribute));
    out += static_cast<char>(type);
    out += static_cast<char>(content.size() >> 8U);
    out += static_cast<char>(content.size());
    out += content;
  }
}

} // namespace

std::string canonical_form(Bytes expressions) {
  std::string out;
  for (const nlattr *element : attributes_in(expressions.data(), expressions.size())) {
    std::string name;
    std::vector<const nlattr *> data;
    for (const nlattr *attribute : attributes_in(*element)) {
      if (mnl_attr_get_type(attribute) == NFTA_EXPR_NAME)
        name = mnl_attr_get_str(attribute);
      else if (mnl_attr_get_type(attribute) == NFTA_EXPR_DATA)
        data = attributes_in(*attribute);
    }
    out += name + '\0';
    std::string content;
    write_sorted(name, std::move(data), 0, content);
    out += static_cast<char>(content.size() >> 8U);
    out += static_cast<char>(content.size());
    out += content;
  }
  return out;
}

void set_counts(RuleContent &rule, const Counts &counts) {
  for (const nlattr *element : attributes_in(rule.expressions.data(), rule.expressions.size())) {
    const nlattr *data = nullptr;
    bool is_counter = false;
    for (const nlattr *attribute : attributes_in(*element)) {
      if (mnl_attr_get_type(attribute) == NFTA_EXPR_NAME)
        is_counter = std::string_view(mnl_attr_get_str(attribute)) == "counter";
      else if (mnl_attr_get_type(attribute) == NFTA_EXPR_DATA)
        data = attribute;
    }
    if (!is_counter || data == nullptr)
      continue;
    for (const nlattr *attribute : attributes_in(*data)) {
      const auto at = static_cast<const std::uint8_t *>(mnl_attr_get_payload(attribute)) - rule.expressions.data();
      const auto value = htobe64(mnl_attr_get_type(attribute) == NFTA_COUNTER_PACKETS ? counts.packets : counts.bytes);
      std::memcpy(rule.expressions.data() + at, &value, sizeof value);
    }
    return;
  }
}

} // namespace nwgate::netlink
