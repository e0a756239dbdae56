// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/bridge_conntrack.h"

#include "drivers/netlink/transaction.h"

#include <algorithm>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>

namespace nwgate::nftables {

Result<bool> tracks_bridge_connections(netlink::Channel &channel) {
  const netlink::Tag rule_tag = 1;
  const netlink::Tag refused_tag = 2;
  const netlink::TableName table{netlink::Family::bridge, "nwgate-probe"};
  const netlink::ChainName chain{table.family, table.name, "probe"};
  netlink::ExpressionList expressions;
  expressions.ct(NFT_CT_STATE, {0});
  netlink::Transaction probe;
  probe.add_table(table, 0);
  probe.add_base_chain(chain, {"filter", NF_BR_PRE_ROUTING, 0, netlink::Policy::accept, {}}, 0);
  probe.add_rule(chain, {expressions.bytes(), {}, 0}, netlink::Position::append(), rule_tag);
  probe.delete_table({table.family, "nwgate-no-such-table"}, refused_tag);
  const auto commit = probe.commit(channel);
  if (!commit)
    return fail(commit.error());
  return std::ranges::none_of(commit->refusals,
                              [&](const netlink::Refusal &refusal) { return refusal.tag != refused_tag; });
}

} // namespace nwgate::nftables
