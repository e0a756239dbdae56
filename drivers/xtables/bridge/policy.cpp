// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/policy.h"

#include "drivers/xtables/bridge/target.h"
#include "drivers/xtables/expressions.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <libnftnl/rule.h>

namespace nwgate::xtables {
namespace {

/// ebtables-nft's record: type 1, length 4, and the number 1 in host byte order.
constexpr std::uint8_t record_type = 1;
constexpr std::uint32_t record_value = 1;

std::array<std::uint8_t, 6> policy_record() {
  std::array<std::uint8_t, 6> record{record_type, sizeof record_value};
  std::memcpy(record.data() + 2, &record_value, sizeof record_value);
  return record;
}

bool has_policy_record(Bytes data) {
  const auto wanted = policy_record();
  while (data.size() >= 2 && data.size() - 2 >= data[1]) {
    const auto record = data.first(2U + data[1]);
    if (std::ranges::equal(record, wanted))
      return true;
    data = data.subspan(record.size());
  }
  return false;
}

} // namespace

std::optional<std::string> encode_policy(Verdict policy, nftnl_rule &out) {
  if (policy == Verdict::return_to_caller)
    return "the policy RETURN is no rule";
  ExpressionWriter writer(out);
  writer.counter();
  const auto record = policy_record();
  nftnl_rule_set_data(&out, NFTNL_RULE_USERDATA, record.data(), record.size());
  return bridge::encode(Target{policy}, writer);
}

std::optional<Verdict> is_policy(const nftnl_rule &rule) {
  std::uint32_t length = 0;
  const auto *data = static_cast<const std::uint8_t *>(nftnl_rule_get_data(&rule, NFTNL_RULE_USERDATA, &length));
  if (data == nullptr || !has_policy_record({data, length}))
    return std::nullopt;
  ExpressionReader reader(rule);
  if (!reader.take_counter())
    return std::nullopt;
  const auto target = bridge::decode_target(reader);
  if (target == Target{Verdict::accept} || target == Target{Verdict::drop})
    return std::get<Verdict>(*target);
  return std::nullopt;
}

} // namespace nwgate::xtables
