// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/drivers/nftables/support.h"

#include "drivers/netlink/handles.h"
#include "drivers/netlink/message.h"

#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <map>

namespace nwgate::nftables::testing {
namespace {

BindingValues values_of(const Parameters &parameters) { return BindingValues(test::bound("f", parameters)); }

/// Attributes of an expression by type, values without what nests them.
class Attributes {
public:
  explicit Attributes(const nlattr &nest) {
    for (const auto *attribute : netlink::attributes_in(nest))
      all_[mnl_attr_get_type(attribute)] = attribute;
  }
  [[nodiscard]] std::uint32_t number(std::uint16_t type) const {
    return all_.contains(type) ? ntohl(mnl_attr_get_u32(all_.at(type))) : 0;
  }
  [[nodiscard]] std::string text(std::uint16_t type) const {
    return all_.contains(type) ? mnl_attr_get_str(all_.at(type)) : "";
  }
  [[nodiscard]] Attributes nest(std::uint16_t type) const { return Attributes(*all_.at(type)); }
  [[nodiscard]] std::string value(std::uint16_t type) const {
    const auto *data = nest(type).all_.at(NFTA_DATA_VALUE);
    const auto *bytes = static_cast<const std::uint8_t *>(mnl_attr_get_payload(data));
    return hex(std::vector<std::uint8_t>(bytes, bytes + mnl_attr_get_payload_len(data)));
  }
  /// Registers as words of four bytes.
  [[nodiscard]] std::uint32_t place(std::uint16_t type) const {
    const auto number = this->number(type);
    return number >= NFT_REG32_00 ? number - NFT_REG32_00 : (number - NFT_REG_1) * 4;
  }
  [[nodiscard]] bool has(std::uint16_t type) const { return all_.contains(type); }

private:
  std::map<std::uint16_t, const nlattr *> all_;
};

std::string meta_key(std::uint32_t key) {
  static const std::map<std::uint32_t, std::string> names = {{NFT_META_MARK, "mark"},
                                                             {NFT_META_IIFNAME, "iifname"},
                                                             {NFT_META_OIFNAME, "oifname"},
                                                             {NFT_META_L4PROTO, "l4proto"}};
  return names.contains(key) ? names.at(key) : std::to_string(key);
}

std::string relation(std::uint32_t operation) { return operation == NFT_CMP_EQ ? "==" : "!="; }

std::string verdict(const Attributes &a) {
  const auto data = a.nest(NFTA_IMMEDIATE_DATA).nest(NFTA_DATA_VERDICT);
  const auto code = static_cast<std::int32_t>(data.number(NFTA_VERDICT_CODE));
  switch (code) {
  case 0:
    return "drop";
  case 1:
    return "accept";
  case NFT_RETURN:
    return "return";
  default:
    return (code == NFT_GOTO ? "goto " : "jump ") + data.text(NFTA_VERDICT_CHAIN);
  }
}

std::string expression_in_words(const std::string &name, const Attributes &a) {
  if (name == "meta")
    return a.has(NFTA_META_SREG)
               ? fmt::format("{} => meta {}", a.place(NFTA_META_SREG), meta_key(a.number(NFTA_META_KEY)))
               : fmt::format("meta {} => {}", meta_key(a.number(NFTA_META_KEY)), a.place(NFTA_META_DREG));
  if (name == "payload") {
    static constexpr std::array bases{"ll", "nh", "th"};
    return fmt::format("{}@{},{} => {}", bases.at(a.number(NFTA_PAYLOAD_BASE)), a.number(NFTA_PAYLOAD_OFFSET),
                       a.number(NFTA_PAYLOAD_LEN), a.place(NFTA_PAYLOAD_DREG));
  }
  if (name == "ct")
    return fmt::format("ct {} => {}", a.number(NFTA_CT_KEY), a.place(NFTA_CT_DREG));
  if (name == "bitwise")
    return fmt::format("{} & {} ^ {} => {}", a.place(NFTA_BITWISE_SREG), a.value(NFTA_BITWISE_MASK),
                       a.value(NFTA_BITWISE_XOR), a.place(NFTA_BITWISE_DREG));
  if (name == "cmp")
    return fmt::format("{} {} {}", a.place(NFTA_CMP_SREG), relation(a.number(NFTA_CMP_OP)), a.value(NFTA_CMP_DATA));
  if (name == "range")
    return fmt::format("{} {}in {}-{}", a.place(NFTA_RANGE_SREG), a.number(NFTA_RANGE_OP) == NFT_RANGE_EQ ? "" : "not ",
                       a.value(NFTA_RANGE_FROM_DATA), a.value(NFTA_RANGE_TO_DATA));
  if (name == "lookup")
    return fmt::format("{} {}in {}", a.place(NFTA_LOOKUP_SREG),
                       (a.number(NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0 ? "not " : "", a.text(NFTA_LOOKUP_SET));
  if (name == "immediate")
    return verdict(a);
  if (name == "match")
    return "xt " + a.text(NFTA_MATCH_NAME);
  return name;
}

} // namespace

std::string rule(const std::string &element, const std::string &direction) {
  return "<rule action='drop' direction='" + direction + "'>" + element + "</rule>";
}

Program program_of(const std::string &body) {
  FilterMap filters;
  filters.add(test::filter_named("f", body));
  return test::program_of(filters, "f");
}

std::optional<PortProgram> Sharing::bind(const std::string &port, const Parameters &parameters,
                                         Diagnostics &diagnostics, const ResolveLimits &limits) {
  return sharing_.bind(port, values_of(parameters), limits, diagnostics);
}

PortProgram Sharing::bind(const std::string &port, const Parameters &parameters) {
  Diagnostics diagnostics;
  auto bound = bind(port, parameters, diagnostics);
  if (!bound)
    throw std::runtime_error(test::text_of(diagnostics));
  return std::move(*bound);
}

std::string hex(const std::vector<std::uint8_t> &bytes) { return fmt::format("{:02x}", fmt::join(bytes, "")); }

std::string in_words(netlink::Bytes expressions) {
  std::string text;
  for (const auto *element : netlink::attributes_in(expressions.data(), expressions.size())) {
    std::string name;
    const nlattr *data = nullptr;
    for (const auto *attribute : netlink::attributes_in(*element))
      if (mnl_attr_get_type(attribute) == NFTA_EXPR_NAME)
        name = mnl_attr_get_str(attribute);
      else if (mnl_attr_get_type(attribute) == NFTA_EXPR_DATA)
        data = attribute;
    text += (text.empty() ? "" : "; ") + (data == nullptr ? name : expression_in_words(name, Attributes(*data)));
  }
  return text;
}

} // namespace nwgate::nftables::testing
