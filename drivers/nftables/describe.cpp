// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/describe.h"

#include "drivers/netlink/handles.h"
#include "drivers/nftables/base_chains.h"
#include "drivers/nftables/field_words.h"
#include "drivers/xtables/rule_listing.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <map>
#include <new>

namespace nwgate::nftables {
namespace {

using netlink::Bytes;
using netlink::Family;

/// The rule as an object of libnftnl.
netlink::NftRule parsed(const netlink::RuleContent &content) {
  netlink::NftRule rule(nftnl_rule_alloc());
  if (!rule)
    throw std::bad_alloc();
  constexpr std::size_t heads = 256;
  std::vector<char> buffer(content.expressions.size() + heads);
  nlmsghdr *message = mnl_nlmsg_put_header(buffer.data());
  mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg));
  mnl_attr_put(message, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, content.expressions.size(), content.expressions.data());
  if (nftnl_rule_nlmsg_parse(message, rule.get()) != 0)
    return {};
  return rule;
}

Bytes bytes_of(const nftnl_expr &expression, std::uint16_t attribute) {
  std::uint32_t length = 0;
  const auto *data = static_cast<const std::uint8_t *>(nftnl_expr_get(&expression, attribute, &length));
  return data == nullptr ? Bytes{} : Bytes(data, length);
}

std::uint32_t number_of(const nftnl_expr &expression, std::uint16_t attribute) {
  return nftnl_expr_get_u32(&expression, attribute);
}

std::string text_of(const nftnl_expr &expression, std::uint16_t attribute) {
  const char *text = nftnl_expr_get_str(&expression, attribute);
  return text == nullptr ? std::string() : std::string(text);
}

/// The first word of four bytes.
std::uint32_t word_of(std::uint32_t number) {
  return number >= NFT_REG32_00 ? number - NFT_REG32_00 : (number - NFT_REG_1) * 4;
}

class Describer {
public:
  Describer(Family family, const SetSpecs &specs, const xtables::SetIndex &sets)
      : family_(family), specs_(specs), sets_(sets) {}

  RuleWords run(const nftnl_rule &rule) {
    nftnl_expr_foreach(
        const_cast<nftnl_rule *>(&rule),
        [](nftnl_expr *expression, void *self) {
          static_cast<Describer *>(self)->take(*expression);
          return 0;
        },
        this);
    for (const auto &[word, loaded] : registers_)
      tell_unused(loaded);
    if (words_.effect.empty())
      words_.effect = "continue";
    leave_out_known_protocol();
    return std::move(words_);
  }

private:
  void take(const nftnl_expr &e) {
    const std::string_view name = nftnl_expr_get_str(&e, NFTNL_EXPR_NAME);
    struct Kind {
      std::string_view name;
      void (Describer::*take)(const nftnl_expr &);
    };
    static constexpr std::array kinds = {
        Kind{"meta", &Describer::take_meta},       Kind{"payload", &Describer::take_payload},
        Kind{"ct", &Describer::take_ct},           Kind{"bitwise", &Describer::take_bitwise},
        Kind{"cmp", &Describer::take_compare},     Kind{"range", &Describer::take_range},
        Kind{"lookup", &Describer::take_lookup},   Kind{"immediate", &Describer::take_immediate},
        Kind{"counter", &Describer::take_counter}, Kind{"reject", &Describer::take_reject},
        Kind{"match", &Describer::take_match},     Kind{"socket", &Describer::take_socket},
    };
    const auto kind = std::ranges::find(kinds, name, &Kind::name);
    if (kind == kinds.end())
      add(xtables::expression_text(e));
    else
      (this->*kind->take)(e);
  }

  void add(const std::string &text, const std::string &set = {}) {
    // What several fields need is asked for once more with each.
    if (std::ranges::find(words_.conditions, text, &RuleWords::Condition::text) == words_.conditions.end())
      words_.conditions.push_back({text, set});
  }

  // --- registers

  void tell_unused(const Loaded &loaded) {
    if (loaded.is_used || loaded.asks_for_length)
      return;
    if (loaded.set.empty())
      add("[ load " + loaded.text + " ]");
    else // whether the key is there is a condition too
      add(fmt::format("{} @{}", loaded.bare_text, loaded.set), loaded.set);
  }

  void put(std::uint32_t number, Loaded loaded) {
    const auto word = word_of(number);
    const auto end = word + (loaded.length + 3) / 4;
    for (auto at = registers_.begin(); at != registers_.end();) {
      const auto other_end = at->first + (at->second.length + 3) / 4;
      if (at->first >= end || other_end <= word) {
        ++at;
        continue;
      }
      tell_unused(at->second);
      at = registers_.erase(at);
    }
    registers_[word] = std::move(loaded);
  }

  Loaded *find(std::uint32_t number) {
    const auto found = registers_.find(word_of(number));
    if (found == registers_.end())
      return nullptr;
    found->second.is_used = true;
    return &found->second;
  }

  /// What a lookup's key is made of.
  std::string key_text(std::uint32_t number, std::uint32_t length) {
    std::string text;
    auto word = word_of(number);
    const auto end = word + (length == 0 ? 16 : (length + 3) / 4);
    for (auto at = registers_.find(word); at != registers_.end() && word < end; at = registers_.find(word)) {
      at->second.is_used = true;
      text += (text.empty() ? "" : " . ") + at->second.text;
      word += std::max(1U, (at->second.length + 3) / 4);
    }
    return text.empty() ? fmt::format("reg {}", number) : text;
  }

  // --- loads

  void take_meta(const nftnl_expr &e) {
    const auto key = number_of(e, NFTNL_EXPR_META_KEY);
    auto loaded = meta_field(key);
    if (!nftnl_expr_is_set(&e, NFTNL_EXPR_META_SREG)) {
      put(number_of(e, NFTNL_EXPR_META_DREG), std::move(loaded));
      return;
    }
    const auto *from = find(number_of(e, NFTNL_EXPR_META_SREG));
    add(fmt::format("{} set {}", loaded.text, from == nullptr ? "?" : from->text), from == nullptr ? "" : from->set);
  }

  void take_socket(const nftnl_expr &e) {
    if (number_of(e, NFTNL_EXPR_SOCKET_KEY) != NFT_SOCKET_CGROUPV2) {
      add(xtables::expression_text(e));
      return;
    }
    Loaded cgroup;
    cgroup.kind = ValueKind::bytes;
    cgroup.length = 8;
    cgroup.text = cgroup.bare_text = fmt::format("socket cgroupv2 level {}", number_of(e, NFTNL_EXPR_SOCKET_LEVEL));
    put(number_of(e, NFTNL_EXPR_SOCKET_DREG), std::move(cgroup));
  }

  void take_payload(const nftnl_expr &e) {
    if (nftnl_expr_is_set(&e, NFTNL_EXPR_PAYLOAD_SREG)) {
      add(xtables::expression_text(e));
      return;
    }
    const PayloadPlace place{number_of(e, NFTNL_EXPR_PAYLOAD_BASE), number_of(e, NFTNL_EXPR_PAYLOAD_OFFSET),
                             number_of(e, NFTNL_EXPR_PAYLOAD_LEN)};
    uses_transport_ = uses_transport_ || place.base == NFT_PAYLOAD_TRANSPORT_HEADER;
    put(number_of(e, NFTNL_EXPR_PAYLOAD_DREG), payload_field(place, family_, ether_type_, protocol_));
  }

  void take_ct(const nftnl_expr &e) {
    if (nftnl_expr_is_set(&e, NFTNL_EXPR_CT_SREG)) {
      add(xtables::expression_text(e));
      return;
    }
    put(number_of(e, NFTNL_EXPR_CT_DREG), ct_field(number_of(e, NFTNL_EXPR_CT_KEY)));
  }

  void take_bitwise(const nftnl_expr &e) {
    const auto mask = bytes_of(e, NFTNL_EXPR_BITWISE_MASK);
    const auto bits = bytes_of(e, NFTNL_EXPR_BITWISE_XOR);
    const auto *from = find(number_of(e, NFTNL_EXPR_BITWISE_SREG));
    if (from == nullptr || number_of(e, NFTNL_EXPR_BITWISE_OP) != NFT_BITWISE_BOOL || mask.size() != bits.size()) {
      add(xtables::expression_text(e));
      return;
    }
    put(number_of(e, NFTNL_EXPR_BITWISE_DREG), masked(*from, mask, bits));
  }

  // --- conditions

  void take_compare(const nftnl_expr &e) {
    const auto data = bytes_of(e, NFTNL_EXPR_CMP_DATA);
    const auto operation = number_of(e, NFTNL_EXPR_CMP_OP);
    const auto *loaded = find(number_of(e, NFTNL_EXPR_CMP_SREG));
    if (loaded == nullptr) {
      add(xtables::expression_text(e));
      return;
    }
    if (operation == NFT_CMP_EQ && loaded->mask.empty())
      learn(*loaded, data);
    for (const auto &words : compare_words(*loaded, operation, data))
      add(words);
  }

  /// What later fields are read by.
  void learn(const Loaded &loaded, Bytes data) {
    if ((loaded.text == "ether type" || loaded.text == "meta protocol") && data.size() == 2)
      ether_type_ = static_cast<std::uint16_t>(data[0] << 8U | data[1]);
    if (loaded.kind == ValueKind::protocol && data.size() == 1)
      protocol_ = data[0];
  }

  void take_range(const nftnl_expr &e) {
    const auto *loaded = find(number_of(e, NFTNL_EXPR_RANGE_SREG));
    if (loaded == nullptr) {
      add(xtables::expression_text(e));
      return;
    }
    const auto first = bytes_of(e, NFTNL_EXPR_RANGE_FROM_DATA);
    const auto last = bytes_of(e, NFTNL_EXPR_RANGE_TO_DATA);
    add(fmt::format("{} {}{}", loaded->text, number_of(e, NFTNL_EXPR_RANGE_OP) == NFT_RANGE_NEQ ? "!= " : "",
                    interval_text(loaded->kind, first, last)));
  }

  void take_lookup(const nftnl_expr &e) {
    const auto set = text_of(e, NFTNL_EXPR_LOOKUP_SET);
    const auto *spec = specs_(set);
    const auto key = key_text(number_of(e, NFTNL_EXPR_LOOKUP_SREG), spec == nullptr ? 0 : spec->key_length);
    if (!nftnl_expr_is_set(&e, NFTNL_EXPR_LOOKUP_DREG)) {
      const bool negated = (number_of(e, NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0;
      add(fmt::format("{} {}@{}", key, negated ? "!= " : "", set), set);
      return;
    }
    const auto to = number_of(e, NFTNL_EXPR_LOOKUP_DREG);
    if (to == NFT_REG_VERDICT) {
      add(fmt::format("{} vmap @{}", key, set), set);
      words_.effect = "vmap";
      return;
    }
    Loaded loaded;
    loaded.text = fmt::format("{} map @{}", key, set);
    loaded.bare_text = key;
    loaded.set = set;
    loaded.length = spec == nullptr ? 4 : spec->data_length;
    put(to, std::move(loaded));
  }

  [[nodiscard]] bool is_ip() const { return family_ == Family::ip || family_ == Family::ip6; }

  void take_counter(const nftnl_expr & /*expression*/) {}

  void take_match(const nftnl_expr &e) {
    const auto info = bytes_of(e, NFTNL_EXPR_MT_INFO);
    const auto family = !is_ip()                ? xtables::Family::bridge
                        : family_ == Family::ip ? xtables::Family::ip
                                                : xtables::Family::ip6;
    const auto text =
        xtables::extension_text(text_of(e, NFTNL_EXPR_MT_NAME), number_of(e, NFTNL_EXPR_MT_REV), info, family, sets_);
    add(text ? *text : xtables::expression_text(e));
  }

  // --- verdicts

  void take_immediate(const nftnl_expr &e) {
    if (number_of(e, NFTNL_EXPR_IMM_DREG) != NFT_REG_VERDICT) {
      const auto data = bytes_of(e, NFTNL_EXPR_IMM_DATA);
      Loaded constant;
      constant.kind = ValueKind::bytes;
      constant.length = static_cast<std::uint32_t>(data.size());
      constant.text = constant.bare_text = hex_text(data);
      put(number_of(e, NFTNL_EXPR_IMM_DREG), std::move(constant));
      return;
    }
    const auto chain = text_of(e, NFTNL_EXPR_IMM_CHAIN);
    switch (static_cast<std::int32_t>(number_of(e, NFTNL_EXPR_IMM_VERDICT))) {
    case NF_ACCEPT:
      decide("accept");
      break;
    case NF_DROP:
      decide("drop");
      break;
    case NFT_RETURN:
      decide("return");
      break;
    case NFT_CONTINUE:
      decide("continue");
      break;
    case NFT_JUMP:
      decide("jump", chain);
      break;
    case NFT_GOTO:
      decide("goto", chain);
      break;
    default:
      add(xtables::expression_text(e));
    }
  }

  void decide(const std::string &verdict, const std::string &chain = {}) {
    words_.verdict = chain.empty() ? verdict : verdict + " " + chain;
    words_.effect = verdict;
    if (verdict == "goto")
      words_.effect = effect_of_going_to(chain);
    if (words_.effect == verdict)
      words_.target = chain;
  }

  static std::string effect_of_going_to(const std::string &chain) {
    if (chain == accept_chain)
      return "accept";
    // Those of cgroups have a place behind a slash.
    const auto name = chain.substr(0, chain.find('/'));
    for (const auto direction : {Direction::out, Direction::in}) {
      if (name == drop_chain(direction) || name == bridge_ip_drop_chain(direction))
        return "drop";
      if (name == reject_chain(direction))
        return "reject";
    }
    return "goto";
  }

  void take_reject(const nftnl_expr & /*expression*/) { decide("reject"); }

  /// `meta l4proto tcp tcp dport 80` says it twice.
  void leave_out_known_protocol() {
    if (uses_transport_ && protocol_)
      std::erase_if(words_.conditions, [this](const RuleWords::Condition &condition) {
        const std::uint8_t number = *protocol_;
        return condition.text == "meta l4proto " + value_text(ValueKind::protocol, Bytes(&number, 1));
      });
  }

  Family family_;
  const SetSpecs &specs_;
  const xtables::SetIndex &sets_;
  RuleWords words_;
  /// By their first word.
  std::map<std::uint32_t, Loaded> registers_;
  std::optional<std::uint16_t> ether_type_;
  std::optional<std::uint8_t> protocol_;
  bool uses_transport_ = false;
};

} // namespace

std::string RuleWords::text() const {
  std::string text;
  for (const auto &condition : conditions)
    text += (text.empty() ? "" : " ") + condition.text;
  if (!verdict.empty())
    text += (text.empty() ? "" : " ") + verdict;
  return text;
}

RuleWords describe(Family family, const netlink::RuleContent &rule, const SetSpecs &specs,
                   const xtables::SetIndex &sets) {
  const auto native = parsed(rule);
  if (!native)
    return {{{"[ expressions that are not understood ]", {}}}, {}, {}, {}};
  return Describer(family, specs, sets).run(*native);
}

std::string expressions_text(const netlink::RuleContent &rule) {
  const auto native = parsed(rule);
  return native ? xtables::expressions_text(*native) : "[ expressions that are not understood ]";
}

} // namespace nwgate::nftables
