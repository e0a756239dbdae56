// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/ruleset_events.h"

#include "drivers/netlink/message.h"

#include <algorithm>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <utility>
#include <vector>

namespace nwgate::netlink {
namespace {

const nlattr *find(const nlmsghdr &message, int type, mnl_attr_data_type form) {
  for (const nlattr *attribute : attributes_in(message))
    if (mnl_attr_get_type(attribute) == type && mnl_attr_validate(attribute, form) >= 0)
      return attribute;
  return nullptr;
}

std::string text_in(const nlmsghdr &message, int type) {
  const nlattr *const attribute = find(message, type, MNL_TYPE_NUL_STRING);
  return attribute == nullptr ? std::string() : mnl_attr_get_str(attribute);
}

Bytes bytes_in(const nlmsghdr &message, int type) {
  const nlattr *const attribute = find(message, type, MNL_TYPE_BINARY);
  if (attribute == nullptr)
    return {};
  return {static_cast<const std::uint8_t *>(mnl_attr_get_payload(attribute)), mnl_attr_get_payload_len(attribute)};
}

/// Of a message about something in the table.
bool concerns(const WatchedTable &table, const nlmsghdr &message) {
  if (!table.concerns)
    return true;
  switch (NFNL_MSG_TYPE(message.nlmsg_type)) {
  case NFT_MSG_NEWTABLE:
  case NFT_MSG_DELTABLE:
    return true;
  case NFT_MSG_NEWCHAIN:
  case NFT_MSG_DELCHAIN:
    return table.concerns(text_in(message, NFTA_CHAIN_NAME), bytes_in(message, NFTA_CHAIN_USERDATA));
  case NFT_MSG_NEWRULE:
  case NFT_MSG_DELRULE:
    return table.concerns(text_in(message, NFTA_RULE_CHAIN), bytes_in(message, NFTA_RULE_USERDATA));
  default:
    return false;
  }
}

} // namespace

Result<RulesetEvents> RulesetEvents::open(std::vector<WatchedTable> tables, std::uint32_t own_port) {
  auto socket = Socket::open();
  if (!socket)
    return fail(std::move(socket.error()));
  if (auto joined = socket->join(NFNLGRP_NFTABLES); !joined)
    return fail(std::move(joined.error()));
  return RulesetEvents(std::move(*socket), std::move(tables), own_port);
}

Result<RulesetEvents::News> RulesetEvents::take() {
  News news;
  std::vector<std::byte> buffer(receive_size);
  for (;;) {
    const auto received = socket_.receive(buffer);
    if (!received)
      return fail(received.error());
    if (received->lost) {
      news.others = Committer{};
      continue;
    }
    if (received->size == 0)
      return news;
    for (const nlmsghdr *message : messages_in(std::span(buffer).first(received->size)))
      look_at(*message, news);
  }
}

/// The messages about what a commit did, and one that ends them and tells who it was.
void RulesetEvents::look_at(const nlmsghdr &message, News &news) {
  if (NFNL_SUBSYS_ID(message.nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
      message.nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(nfgenmsg))
    return;
  if (NFNL_MSG_TYPE(message.nlmsg_type) != NFT_MSG_NEWGEN) {
    const auto *header = static_cast<const nfgenmsg *>(mnl_nlmsg_get_payload(&message));
    // Every message about something in a table has that one's name in its first attribute.
    const auto name = text_in(message, NFTA_TABLE_NAME);
    for (const auto &table : tables_)
      if (header->nfgen_family == static_cast<std::uint8_t>(table.name.family) && name == table.name.name &&
          concerns(table, message))
        touched_ = table.name;
    return;
  }
  auto touched = std::exchange(touched_, std::nullopt);
  if (!touched)
    return;
  if (message.nlmsg_pid == own_port_) {
    news = {true, std::nullopt};
    return;
  }
  Committer who;
  who.table = std::move(touched);
  if (const nlattr *pid = find(message, NFTA_GEN_PROC_PID, MNL_TYPE_U32))
    who.pid = ntohl(mnl_attr_get_u32(pid));
  who.name = text_in(message, NFTA_GEN_PROC_NAME);
  std::ranges::replace_if(
      who.name, [](char c) { return c < ' ' || c > '~'; }, '?');
  news.others = std::move(who);
}

} // namespace nwgate::netlink
