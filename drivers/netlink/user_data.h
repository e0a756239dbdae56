// SPDX-License-Identifier: LGPL-2.1-or-later
/// The user data of nf_tables' rules, chains and tables: records of one byte type, one byte length, value.
#pragma once

#include "drivers/netlink/names.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

struct nftnl_rule;

namespace nwgate::netlink {

/// The kernel's limit (NFT_USERDATA_MAXLEN), records' heads included.
inline constexpr std::size_t user_data_limit = 256;

/// Builds user data.
class UserData {
public:
  /// False, and nothing is added, when the value is longer than 255 bytes or the whole longer than the limit.
  bool add(std::uint8_t type, Bytes value);
  bool add(std::uint8_t type, std::string_view value);

  [[nodiscard]] Bytes bytes() const { return bytes_; }

private:
  std::vector<std::uint8_t> bytes_;
};

/// A view into user data.
struct UserDataRecord {
  std::uint8_t type = 0;
  Bytes value;
};

/// The records up to the end or to the first one that does not fit: foreign user data may be anything.
std::vector<UserDataRecord> user_data_records(Bytes data);

/// The value of the first record of that type.
std::optional<Bytes> find_user_data(Bytes data, std::uint8_t type);

/// The user data of a rule, empty when it has none; valid as long as the rule.
Bytes user_data_of(const nftnl_rule &rule);
/// Puts user data on a rule that will be written.
void set_user_data(nftnl_rule &rule, Bytes data);

} // namespace nwgate::netlink
