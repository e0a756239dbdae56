// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is decoded stands for every bit of the expressions: rules are changed in all places, one at a time,
/// and then are either not understood or encoded to the same changed expressions. Needs no kernel.
#include "drivers/xtables/ip/ip_codec.h"

#include "ip_codec_cases.h"
#include "private_namespace.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <libnftnl/expr.h>

#include <linux/netfilter/xt_cgroup.h>

namespace nwgate::test {
namespace {

using namespace xtables;
using Data = std::vector<std::uint8_t>;

class OneSet : public SetIndex {
public:
  [[nodiscard]] std::optional<std::uint16_t> index_of(const std::string &name) const override {
    return name == set_name ? std::optional<std::uint16_t>(0x1234) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> name_of(std::uint16_t index) const override {
    return index == 0x1234 ? std::optional<std::string>(set_name) : std::nullopt;
  }
};

std::vector<nftnl_expr *> list_of(nftnl_rule &rule) {
  std::vector<nftnl_expr *> list;
  nftnl_expr_foreach(
      &rule,
      [](nftnl_expr *expression, void *out) {
        static_cast<std::vector<nftnl_expr *> *>(out)->push_back(expression);
        return 0;
      },
      &list);
  return list;
}

struct Attributes {
  std::string_view expression;
  std::vector<std::uint16_t> numbers, data;
};
const std::array<Attributes, 8> attributes{{
    {"meta", {NFTNL_EXPR_META_KEY, NFTNL_EXPR_META_DREG}, {}},
    {"payload",
     {NFTNL_EXPR_PAYLOAD_BASE, NFTNL_EXPR_PAYLOAD_DREG, NFTNL_EXPR_PAYLOAD_OFFSET, NFTNL_EXPR_PAYLOAD_LEN},
     {}},
    {"bitwise",
     {NFTNL_EXPR_BITWISE_SREG, NFTNL_EXPR_BITWISE_DREG, NFTNL_EXPR_BITWISE_OP, NFTNL_EXPR_BITWISE_LEN},
     {NFTNL_EXPR_BITWISE_MASK, NFTNL_EXPR_BITWISE_XOR}},
    {"cmp", {NFTNL_EXPR_CMP_SREG, NFTNL_EXPR_CMP_OP}, {NFTNL_EXPR_CMP_DATA}},
    {"range", {NFTNL_EXPR_RANGE_SREG, NFTNL_EXPR_RANGE_OP}, {NFTNL_EXPR_RANGE_FROM_DATA, NFTNL_EXPR_RANGE_TO_DATA}},
    {"immediate", {NFTNL_EXPR_IMM_DREG, NFTNL_EXPR_IMM_VERDICT}, {}},
    {"match", {NFTNL_EXPR_MT_REV}, {NFTNL_EXPR_MT_INFO}},
    {"target", {NFTNL_EXPR_TG_REV}, {NFTNL_EXPR_TG_INFO}},
}};

Data get(const nftnl_expr *expression, std::uint16_t attribute) {
  std::uint32_t size = 0;
  const auto *data = static_cast<const std::uint8_t *>(nftnl_expr_get(expression, attribute, &size));
  return {data, data + size};
}

void set(nftnl_expr *expression, std::uint16_t attribute, const Data &data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  const std::string_view name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
  if (name != "match" && name != "target") {
    nftnl_expr_set(expression, attribute, data.data(), size);
    return;
  }
  void *owned = std::malloc(data.size() + 1); // libnftnl keeps the infos of xt and frees them
  std::copy(data.begin(), data.end(), static_cast<std::uint8_t *>(owned));
  nftnl_expr_set(expression, attribute, owned, size);
} // NOLINT(clang-analyzer-unix.Malloc): see above

/// One bit of each byte, each byte as a whole, and other lengths.
std::vector<Data> variants(const Data &data) {
  std::vector<Data> result{{}, data, data};
  result[1].push_back(0);
  result[2].pop_back();
  for (std::size_t i = 0; i < data.size(); ++i)
    for (const unsigned bits : {1U, 0x10U, 0x80U, 0xffU}) {
      result.push_back(data);
      result.back()[i] = static_cast<std::uint8_t>(data[i] ^ bits);
    }
  return result;
}

/// The kernel's pointers in connlimit and cgroup, and the part of connlimit's mask that IPv4 does not use
/// (linux/netfilter/xt_connlimit.h, xt_cgroup.h).
bool differs_in_private_part(const nftnl_expr &expression, Family family, const Data &value, const Data &variant) {
  if (value.size() != variant.size() || nftnl_expr_get_str(&expression, NFTNL_EXPR_NAME) != std::string_view("match"))
    return false;
  const std::string_view name = nftnl_expr_get_str(&expression, NFTNL_EXPR_MT_NAME);
  const auto place = std::ranges::mismatch(value, variant).in1 - value.begin();
  if (name == "cgroup")
    return place >= static_cast<std::ptrdiff_t>(offsetof(xt_cgroup_info_v2, priv));
  if (name != "connlimit")
    return false;
  return (family == Family::ip && place >= 4 && place < 16) || place >= 24;
}

class ExactCodec : public testing::TestWithParam<Family> {
protected:
  [[nodiscard]] NftRule encode(const Rule &rule) const {
    NftRule result(nftnl_rule_alloc());
    const auto refusal = ip::encode_ip(rule, GetParam(), sets_, *result);
    EXPECT_FALSE(refusal) << *refusal << ": " << ip::ip_save_text(rule, GetParam());
    return result;
  }
  void expect_exact(const NftRule &rule, const Rule &origin) {
    ++count_;
    const auto decoded = ip::decode_ip(*rule, GetParam(), sets_);
    if (!decoded)
      return;
    ++understood_;
    EXPECT_TRUE(expressions_of(*rule) == expressions_of(*encode(*decoded)))
        << ip::ip_save_text(origin, GetParam()) << "\n was changed and read as\n "
        << ip::ip_save_text(*decoded, GetParam());
  }

  OneSet sets_;
  std::size_t count_ = 0, understood_ = 0;
};

TEST_P(ExactCodec, ReadsWhatItWroteWithoutAKernel) {
  for (const auto &one : cases(GetParam()))
    EXPECT_TRUE(ip::decode_ip(*encode(one.rule), GetParam(), sets_) == one.decoded)
        << ip::ip_save_text(one.rule, GetParam());
}

TEST_P(ExactCodec, NoticesEveryChangedAttribute) {
  for (const auto &one : cases(GetParam())) {
    const auto rule = encode(one.rule);
    for (auto *expression : list_of(*rule)) {
      const auto known = std::ranges::find(
          attributes, std::string_view(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME)), &Attributes::expression);
      if (known == attributes.end())
        continue;
      for (const auto attribute : known->numbers) {
        const auto value = nftnl_expr_get_u32(expression, attribute);
        for (const auto bits : {1U, 2U, 4U, 8U, 16U}) {
          nftnl_expr_set_u32(expression, attribute, value ^ bits);
          expect_exact(rule, one.rule);
        }
        nftnl_expr_set_u32(expression, attribute, value);
      }
      for (const auto attribute : known->data) {
        const auto value = get(expression, attribute);
        for (const auto &variant : variants(value)) {
          if (differs_in_private_part(*expression, GetParam(), value, variant))
            continue;
          set(expression, attribute, variant);
          expect_exact(rule, one.rule);
        }
        set(expression, attribute, value);
      }
    }
  }
  EXPECT_GT(understood_, 1000U);
  EXPECT_GT(count_, 5 * understood_);
}

TEST_P(ExactCodec, NoticesMissingAndMovedExpressions) {
  for (const auto &one : cases(GetParam())) {
    const auto size = list_of(*encode(one.rule)).size();
    for (std::size_t i = 0; i < size; ++i) {
      const auto shorter = encode(one.rule);
      auto *removed = list_of(*shorter)[i];
      nftnl_rule_del_expr(removed);
      expect_exact(shorter, one.rule);
      nftnl_rule_add_expr(shorter.get(), removed);
      expect_exact(shorter, one.rule);
      for (std::size_t j = i + 1; j < size; ++j) {
        const auto swapped = encode(one.rule);
        auto order = list_of(*swapped);
        for (auto *expression : order)
          nftnl_rule_del_expr(expression);
        std::swap(order[i], order[j]);
        for (auto *expression : order)
          nftnl_rule_add_expr(swapped.get(), expression);
        expect_exact(swapped, one.rule);
      }
    }
  }
  EXPECT_GT(understood_, 1000U);
  EXPECT_GT(count_, 5 * understood_);
}

INSTANTIATE_TEST_SUITE_P(Families, ExactCodec, testing::Values(Family::ip, Family::ip6),
                         [](const auto &family) { return family.param == Family::ip ? "ip" : "ip6"; });

} // namespace
} // namespace nwgate::test
