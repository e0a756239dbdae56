// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/ruleset.h"

#include "drivers/netlink/user_data.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

namespace nwgate::nftables {
namespace {

// Record types beside those of docs/decisions/0002.
constexpr std::uint8_t type_program = 0xa5;
constexpr std::uint8_t type_dispatch = 0xa6;
constexpr std::uint8_t type_port = 0xa7;

} // namespace

std::string table_text(netlink::Family family) { return to_text(netlink::TableName{family, table_name}); }

void sort_records(netlink::Elements &records, std::size_t size) {
  const auto count = size == 0 ? 0 : records.size() / size;
  const auto *first = records.data();
  const auto at = [&](std::uint32_t index) { return first + index * size; };
  bool in_order = true;
  for (std::uint32_t i = 1; i < count && in_order; ++i)
    in_order = std::memcmp(at(i - 1), at(i), size) < 0;
  if (in_order)
    return;
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) { return std::memcmp(at(a), at(b), size) < 0; });
  netlink::Elements sorted;
  sorted.reserve(records.size());
  for (const auto index : order)
    if (sorted.empty() || std::memcmp(sorted.data() + sorted.size() - size, at(index), size) != 0)
      sorted.insert(sorted.end(), at(index), at(index) + size);
  records = std::move(sorted);
}

void Ruleset::seal() {
  for (auto &[family, table] : tables)
    for (auto &[name, set] : table.sets) {
      sort_records(set.elements, set.spec.element_size());
      std::ranges::sort(set.verdicts);
    }
}

std::vector<std::uint8_t> program_mark(const std::optional<ProgramId> &program, const std::string &port) {
  netlink::UserData data;
  const auto id = program.value_or(ProgramId{});
  // 255 bytes of a name at most, of which the end tells variants apart.
  constexpr std::size_t room = 220;
  data.add(type_program, std::string_view(id.name).substr(id.name.size() - std::min(id.name.size(), room)));
  const std::array dispatch{static_cast<std::uint8_t>(id.dispatch)};
  data.add(type_dispatch, dispatch);
  if (!port.empty())
    data.add(type_port, std::string_view(port));
  return {data.bytes().begin(), data.bytes().end()};
}

std::vector<std::uint8_t> set_mark(const std::optional<ProgramId> &program, bool verdicts) {
  // NFTNL_UDATA_SET_KEYBYTEORDER, NFTNL_UDATA_SET_DATABYTEORDER; nft's BYTEORDER_HOST_ENDIAN. nft aborts when it is
  // told so of verdicts.
  std::vector<std::uint8_t> data;
  for (const std::uint8_t type : std::array<std::uint8_t, 2>{0, 1}) {
    if (type == 1 && verdicts)
      continue;
    const std::uint32_t host = 1;
    data.insert(data.end(), {type, sizeof host});
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(&host);
    data.insert(data.end(), bytes, bytes + sizeof host);
  }
  const auto ours = program_mark(program);
  data.insert(data.end(), ours.begin(), ours.end());
  return data;
}

std::optional<ProgramId> read_program_mark(netlink::Bytes user_data) {
  const auto name = netlink::find_user_data(user_data, type_program);
  const auto dispatch = netlink::find_user_data(user_data, type_dispatch);
  if (!name || !dispatch || dispatch->size() != 1)
    return std::nullopt;
  return ProgramId{{name->begin(), name->end()}, static_cast<Dispatch>(dispatch->front())};
}

std::string read_port_mark(netlink::Bytes user_data) {
  const auto port = netlink::find_user_data(user_data, type_port);
  return port ? std::string(port->begin(), port->end()) : std::string();
}

} // namespace nwgate::nftables
