// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/counters.h"

#include "drivers/netlink/handles.h"

#include <string_view>

namespace nwgate::netlink {

namespace {

/// The first counter expression, or null.
nftnl_expr *counter_of(const nftnl_rule &rule) {
  NftExprIter iterator(nftnl_expr_iter_create(&rule));
  if (!iterator)
    return nullptr;
  while (nftnl_expr *expression = nftnl_expr_iter_next(iterator.get()))
    if (std::string_view(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME)) == "counter")
      return expression;
  return nullptr;
}

} // namespace

std::optional<Counts> counts(const nftnl_rule &rule) {
  const nftnl_expr *counter = counter_of(rule);
  if (counter == nullptr)
    return std::nullopt;
  return Counts{nftnl_expr_get_u64(counter, NFTNL_EXPR_CTR_PACKETS), nftnl_expr_get_u64(counter, NFTNL_EXPR_CTR_BYTES)};
}

bool set_counts(nftnl_rule &rule, const Counts &counts) {
  nftnl_expr *counter = counter_of(rule);
  if (counter == nullptr)
    return false;
  nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_PACKETS, counts.packets);
  nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_BYTES, counts.bytes);
  return true;
}

} // namespace nwgate::netlink
