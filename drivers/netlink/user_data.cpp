// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/user_data.h"

#include "drivers/netlink/handles.h"

#include <limits>

namespace nwgate::netlink {

namespace {

constexpr std::size_t head_size = 2;

} // namespace

bool UserData::add(std::uint8_t type, Bytes value) {
  if (value.size() > std::numeric_limits<std::uint8_t>::max() ||
      bytes_.size() + head_size + value.size() > user_data_limit)
    return false;
  bytes_.push_back(type);
  bytes_.push_back(static_cast<std::uint8_t>(value.size()));
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  return true;
}

bool UserData::add(std::uint8_t type, std::string_view value) {
  return add(type, Bytes(reinterpret_cast<const std::uint8_t *>(value.data()), value.size()));
}

std::vector<UserDataRecord> user_data_records(Bytes data) {
  std::vector<UserDataRecord> records;
  while (data.size() >= head_size && data.size() - head_size >= data[1]) {
    records.push_back({data[0], data.subspan(head_size, data[1])});
    data = data.subspan(head_size + data[1]);
  }
  return records;
}

std::optional<Bytes> find_user_data(Bytes data, std::uint8_t type) {
  for (const UserDataRecord &record : user_data_records(data))
    if (record.type == type)
      return record.value;
  return std::nullopt;
}

Bytes user_data_of(const nftnl_rule &rule) {
  std::uint32_t size = 0;
  const void *data = nftnl_rule_get_data(&rule, NFTNL_RULE_USERDATA, &size);
  return data == nullptr ? Bytes{} : Bytes(static_cast<const std::uint8_t *>(data), size);
}

void set_user_data(nftnl_rule &rule, Bytes data) {
  if (data.empty())
    nftnl_rule_unset(&rule, NFTNL_RULE_USERDATA);
  else
    nftnl_rule_set_data(&rule, NFTNL_RULE_USERDATA, data.data(), static_cast<std::uint32_t>(data.size()));
}

} // namespace nwgate::netlink
