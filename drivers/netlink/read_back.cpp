// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/read_back.h"

#include "drivers/netlink/message.h"
#include "drivers/netlink/request.h"

#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

namespace nwgate::netlink {

namespace {

std::vector<std::uint8_t> bytes_of(const void *data, std::uint32_t size) {
  const auto *first = static_cast<const std::uint8_t *>(data);
  return data == nullptr ? std::vector<std::uint8_t>{} : std::vector<std::uint8_t>(first, first + size);
}

std::string text_of(const char *text) { return text == nullptr ? std::string() : std::string(text); }

std::optional<TableInfo> parse_table(const nlmsghdr &message) {
  NftTable table(nftnl_table_alloc());
  if (!table || nftnl_table_nlmsg_parse(&message, table.get()) != 0)
    return std::nullopt;
  TableInfo info;
  info.name = {static_cast<Family>(nftnl_table_get_u32(table.get(), NFTNL_TABLE_FAMILY)),
               text_of(nftnl_table_get_str(table.get(), NFTNL_TABLE_NAME))};
  info.handle = nftnl_table_get_u64(table.get(), NFTNL_TABLE_HANDLE);
  info.flags = nftnl_table_get_u32(table.get(), NFTNL_TABLE_FLAGS);
  info.use = nftnl_table_get_u32(table.get(), NFTNL_TABLE_USE);
  std::uint32_t size = 0;
  const void *data = nftnl_table_get_data(table.get(), NFTNL_TABLE_USERDATA, &size);
  info.user_data = bytes_of(data, size);
  return info;
}

std::optional<ChainInfo> parse_chain(const nlmsghdr &message) {
  NftChain chain(nftnl_chain_alloc());
  if (!chain || nftnl_chain_nlmsg_parse(&message, chain.get()) != 0)
    return std::nullopt;
  ChainInfo info;
  info.name = {static_cast<Family>(nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_FAMILY)),
               text_of(nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_TABLE)),
               text_of(nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_NAME))};
  info.handle = nftnl_chain_get_u64(chain.get(), NFTNL_CHAIN_HANDLE);
  info.use = nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_USE);
  if (nftnl_chain_is_set(chain.get(), NFTNL_CHAIN_HOOKNUM))
    info.base = BaseChain{text_of(nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_TYPE)),
                          nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_HOOKNUM),
                          nftnl_chain_get_s32(chain.get(), NFTNL_CHAIN_PRIO),
                          static_cast<Policy>(nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_POLICY)),
                          text_of(nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_DEV))};
  std::uint32_t size = 0;
  const void *data = nftnl_chain_get_data(chain.get(), NFTNL_CHAIN_USERDATA, &size);
  info.user_data = bytes_of(data, size);
  return info;
}

std::optional<NftRule> parse_rule(const nlmsghdr &message);

std::optional<RuleInfo> parse_rule_info(const nlmsghdr &message) {
  const auto rule = parse_rule(message);
  if (!rule)
    return std::nullopt;
  RuleInfo info;
  info.chain = {static_cast<Family>(nftnl_rule_get_u32(rule->get(), NFTNL_RULE_FAMILY)),
                text_of(nftnl_rule_get_str(rule->get(), NFTNL_RULE_TABLE)),
                text_of(nftnl_rule_get_str(rule->get(), NFTNL_RULE_CHAIN))};
  info.handle = nftnl_rule_get_u64(rule->get(), NFTNL_RULE_HANDLE);
  info.counts = counts(**rule).value_or(Counts{});
  for (const nlattr *attribute : attributes_in(message)) {
    const auto bytes = [&] { return bytes_of(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute)); };
    if (mnl_attr_get_type(attribute) == NFTA_RULE_EXPRESSIONS)
      info.content.expressions = bytes();
    else if (mnl_attr_get_type(attribute) == NFTA_RULE_USERDATA)
      info.content.user_data = bytes();
  }
  return info;
}

std::optional<NftRule> parse_rule(const nlmsghdr &message) {
  NftRule rule(nftnl_rule_alloc());
  if (!rule || nftnl_rule_nlmsg_parse(&message, rule.get()) != 0)
    return std::nullopt;
  return rule;
}

} // namespace

Result<std::optional<TableInfo>> table(Channel &channel, const TableName &name) {
  Request request(NFT_MSG_GETTABLE, static_cast<std::uint8_t>(name.family), Request::Kind::single);
  request.put(NFTA_TABLE_NAME, name.name);
  return get(channel, request, parse_table, "table " + name.name);
}

Result<std::optional<ChainInfo>> chain(Channel &channel, const ChainName &name) {
  Request request(NFT_MSG_GETCHAIN, static_cast<std::uint8_t>(name.family), Request::Kind::single);
  request.put(NFTA_CHAIN_TABLE, name.table);
  request.put(NFTA_CHAIN_NAME, name.name);
  return get(channel, request, parse_chain, "chain " + name.name);
}

Result<std::vector<ChainInfo>> chains(Channel &channel, const TableName &table) {
  Request request(NFT_MSG_GETCHAIN, static_cast<std::uint8_t>(table.family), Request::Kind::dump);
  auto found = dump(channel, request, NFTA_CHAIN_HANDLE, parse_chain, "the chains of table " + table.name);
  if (found)
    std::erase_if(*found, [&](const ChainInfo &info) { return info.name.table != table.name; });
  return found;
}

Result<std::vector<NftRule>> rules(Channel &channel, const TableName &table) {
  Request request(NFT_MSG_GETRULE, static_cast<std::uint8_t>(table.family), Request::Kind::dump);
  request.put(NFTA_RULE_TABLE, table.name);
  return dump(channel, request, NFTA_RULE_HANDLE, parse_rule, "the rules of table " + table.name);
}

Result<std::vector<RuleInfo>> rule_infos(Channel &channel, const TableName &table) {
  Request request(NFT_MSG_GETRULE, static_cast<std::uint8_t>(table.family), Request::Kind::dump);
  request.put(NFTA_RULE_TABLE, table.name);
  return dump(channel, request, NFTA_RULE_HANDLE, parse_rule_info, "the rules of table " + table.name);
}

Result<std::vector<NftRule>> rules(Channel &channel, const ChainName &chain) {
  Request request(NFT_MSG_GETRULE, static_cast<std::uint8_t>(chain.family), Request::Kind::dump);
  request.put(NFTA_RULE_TABLE, chain.table);
  request.put(NFTA_RULE_CHAIN, chain.name);
  return dump(channel, request, NFTA_RULE_HANDLE, parse_rule, "the rules of chain " + chain.name);
}

} // namespace nwgate::netlink
