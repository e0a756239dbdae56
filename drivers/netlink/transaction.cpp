// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/transaction.h"

#include "drivers/netlink/handles.h"

#include <arpa/inet.h>
#include <cerrno>
#include <endian.h>
#include <libnftnl/common.h>
#include <limits>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

namespace nwgate::netlink {

namespace {

/// Room for the largest rule that libnftnl can be made to write: it checks no bounds. The kernel takes no
/// more than 128 expressions, the longest of which (xt matches) have few kilobytes.
constexpr std::size_t scratch_size = std::size_t{1} << 20;
constexpr int most_expressions = 128;

void put_user_data(nlmsghdr &message, std::uint16_t attribute, Bytes data) {
  if (!data.empty())
    mnl_attr_put(&message, attribute, data.size(), data.data());
}

bool has_too_many_expressions(nftnl_rule &rule) {
  int count = 0;
  nftnl_expr_foreach(
      &rule,
      [](nftnl_expr *, void *number) {
        ++*static_cast<int *>(number);
        return 0;
      },
      &count);
  return count > most_expressions;
}

/// The expressions are one attribute, whose length has 16 bits.
bool expressions_fit(const nlmsghdr &message) { return message.nlmsg_len <= std::numeric_limits<std::uint16_t>::max(); }

} // namespace

Transaction::Transaction(std::optional<GenerationId> expected)
    : expected_(expected), scratch_(std::make_unique_for_overwrite<std::byte[]>(scratch_size)) {
  nlmsghdr *begin = nftnl_batch_begin(reinterpret_cast<char *>(scratch_.get()), 0);
  if (expected_)
    mnl_attr_put_u32(begin, NFNL_BATCH_GENID, htonl(*expected_));
  append(*begin);
}

nlmsghdr &Transaction::start(std::uint16_t type, Family family, std::uint16_t flags) {
  return *nftnl_nlmsg_build_hdr(reinterpret_cast<char *>(scratch_.get()), type, static_cast<std::uint16_t>(family),
                                flags, 0);
}

void Transaction::append(const nlmsghdr &message) {
  const auto *bytes = reinterpret_cast<const std::byte *>(&message);
  starts_.push_back(batch_.size());
  batch_.insert(batch_.end(), bytes, bytes + NLMSG_ALIGN(message.nlmsg_len));
}

void Transaction::append(const nlmsghdr &message, Tag tag) {
  append(message);
  tags_.push_back(tag);
}

void Transaction::add_table(const TableName &table, Tag tag, Bytes user_data) {
  nlmsghdr &message = start(NFT_MSG_NEWTABLE, table.family, NLM_F_CREATE);
  mnl_attr_put_strz(&message, NFTA_TABLE_NAME, table.name.c_str());
  put_user_data(message, NFTA_TABLE_USERDATA, user_data);
  append(message, tag);
}

void Transaction::wake_table(const TableName &table, Tag tag) {
  nlmsghdr &message = start(NFT_MSG_NEWTABLE, table.family, 0);
  mnl_attr_put_strz(&message, NFTA_TABLE_NAME, table.name.c_str());
  mnl_attr_put_u32(&message, NFTA_TABLE_FLAGS, 0);
  append(message, tag);
}

void Transaction::delete_table(const TableName &table, Tag tag) {
  nlmsghdr &message = start(NFT_MSG_DELTABLE, table.family, 0);
  mnl_attr_put_strz(&message, NFTA_TABLE_NAME, table.name.c_str());
  append(message, tag);
}

nlmsghdr &Transaction::start_chain(std::uint16_t type, const ChainName &chain, std::uint16_t flags) {
  nlmsghdr &message = start(type, chain.family, flags);
  mnl_attr_put_strz(&message, NFTA_CHAIN_TABLE, chain.table.c_str());
  mnl_attr_put_strz(&message, NFTA_CHAIN_NAME, chain.name.c_str());
  return message;
}

void Transaction::add_base_chain(const ChainName &chain, const BaseChain &base, Tag tag, Bytes user_data) {
  nlmsghdr &message = start_chain(NFT_MSG_NEWCHAIN, chain, NLM_F_CREATE);
  nlattr *hook = mnl_attr_nest_start(&message, NFTA_CHAIN_HOOK);
  mnl_attr_put_u32(&message, NFTA_HOOK_HOOKNUM, htonl(base.hook));
  mnl_attr_put_u32(&message, NFTA_HOOK_PRIORITY, htonl(static_cast<std::uint32_t>(base.priority)));
  if (!base.device.empty())
    mnl_attr_put_strz(&message, NFTA_HOOK_DEV, base.device.c_str());
  mnl_attr_nest_end(&message, hook);
  mnl_attr_put_u32(&message, NFTA_CHAIN_POLICY, htonl(static_cast<std::uint32_t>(base.policy)));
  mnl_attr_put_strz(&message, NFTA_CHAIN_TYPE, base.type.c_str());
  put_user_data(message, NFTA_CHAIN_USERDATA, user_data);
  append(message, tag);
}

void Transaction::add_chain(const ChainName &chain, Tag tag, Bytes user_data) {
  nlmsghdr &message = start_chain(NFT_MSG_NEWCHAIN, chain, NLM_F_CREATE);
  put_user_data(message, NFTA_CHAIN_USERDATA, user_data);
  append(message, tag);
}

void Transaction::delete_chain(const ChainName &chain, Tag tag) {
  append(start_chain(NFT_MSG_DELCHAIN, chain, 0), tag);
}

nlmsghdr &Transaction::start_rule_deletion(const ChainName &chain) {
  nlmsghdr &message = start(NFT_MSG_DELRULE, chain.family, 0);
  mnl_attr_put_strz(&message, NFTA_RULE_TABLE, chain.table.c_str());
  mnl_attr_put_strz(&message, NFTA_RULE_CHAIN, chain.name.c_str());
  return message;
}

void Transaction::flush_chain(const ChainName &chain, Tag tag) { append(start_rule_deletion(chain), tag); }

void Transaction::delete_rule(const ChainName &chain, std::uint64_t handle, Tag tag) {
  nlmsghdr &message = start_rule_deletion(chain);
  mnl_attr_put_u64(&message, NFTA_RULE_HANDLE, htobe64(handle));
  append(message, tag);
}

void Transaction::add_rule(nftnl_rule &rule, Position position, Tag tag) {
  nftnl_rule_unset(&rule, NFTNL_RULE_HANDLE);
  nftnl_rule_unset(&rule, NFTNL_RULE_POSITION);
  const bool behind = position.kind_ == Position::Kind::append || position.kind_ == Position::Kind::after;
  if (position.kind_ == Position::Kind::before || position.kind_ == Position::Kind::after)
    nftnl_rule_set_u64(&rule, NFTNL_RULE_POSITION, position.handle_);
  put_rule(rule, behind ? NLM_F_CREATE | NLM_F_APPEND : NLM_F_CREATE, tag);
}

void Transaction::replace_rule(nftnl_rule &rule, std::uint64_t handle, Tag tag) {
  nftnl_rule_unset(&rule, NFTNL_RULE_POSITION);
  nftnl_rule_set_u64(&rule, NFTNL_RULE_HANDLE, handle);
  put_rule(rule, NLM_F_REPLACE, tag);
}

void Transaction::put_rule(nftnl_rule &rule, std::uint16_t flags, Tag tag) {
  if (has_too_many_expressions(rule)) {
    unsendable_.push_back({tag, E2BIG, "a rule of more than 128 expressions"});
    return;
  }
  const auto family = static_cast<Family>(nftnl_rule_get_u32(&rule, NFTNL_RULE_FAMILY));
  nlmsghdr &message = start(NFT_MSG_NEWRULE, family, flags);
  nftnl_rule_nlmsg_build_payload(&message, &rule);
  if (!expressions_fit(message)) {
    unsendable_.push_back({tag, EMSGSIZE, "a rule of more than 64 kB"});
    return;
  }
  append(message, tag);
}

nlmsghdr &Transaction::start_rule(const ChainName &chain, const RuleContent &rule, std::uint16_t flags) {
  nlmsghdr &message = start(NFT_MSG_NEWRULE, chain.family, flags);
  mnl_attr_put_strz(&message, NFTA_RULE_TABLE, chain.table.c_str());
  mnl_attr_put_strz(&message, NFTA_RULE_CHAIN, chain.name.c_str());
  mnl_attr_put(&message, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, rule.expressions.size(), rule.expressions.data());
  if (rule.compat_protocol != 0) {
    nlattr *compat = mnl_attr_nest_start(&message, NFTA_RULE_COMPAT);
    mnl_attr_put_u32(&message, NFTA_RULE_COMPAT_PROTO, htonl(rule.compat_protocol));
    mnl_attr_put_u32(&message, NFTA_RULE_COMPAT_FLAGS, 0);
    mnl_attr_nest_end(&message, compat);
  }
  put_user_data(message, NFTA_RULE_USERDATA, rule.user_data);
  return message;
}

void Transaction::add_rule(const ChainName &chain, const RuleContent &rule, Position position, Tag tag) {
  const bool behind = position.kind_ == Position::Kind::append || position.kind_ == Position::Kind::after;
  nlmsghdr &message = start_rule(chain, rule, behind ? NLM_F_CREATE | NLM_F_APPEND : NLM_F_CREATE);
  if (position.kind_ == Position::Kind::before || position.kind_ == Position::Kind::after)
    mnl_attr_put_u64(&message, NFTA_RULE_POSITION, htobe64(position.handle_));
  append(message, tag);
}

void Transaction::replace_rule(const ChainName &chain, const RuleContent &rule, std::uint64_t handle, Tag tag) {
  nlmsghdr &message = start_rule(chain, rule, NLM_F_REPLACE);
  mnl_attr_put_u64(&message, NFTA_RULE_HANDLE, htobe64(handle));
  append(message, tag);
}

} // namespace nwgate::netlink
