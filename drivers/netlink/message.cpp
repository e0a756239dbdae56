// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/message.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <libmnl/libmnl.h>
#include <limits>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <system_error>

namespace nwgate::netlink {

namespace {

std::string text_of(const nlattr &attribute) {
  const char *text = static_cast<const char *>(mnl_attr_get_payload(&attribute));
  return {text, strnlen(text, mnl_attr_get_payload_len(&attribute))};
}

} // namespace

// Not mnl_nlmsg_ok(), which takes lengths over 2 GiB for negative numbers.
std::vector<const nlmsghdr *> messages_in(std::span<const std::byte> datagram) {
  std::vector<const nlmsghdr *> messages;
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto *message = reinterpret_cast<const nlmsghdr *>(datagram.data());
    if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > datagram.size())
      break;
    messages.push_back(message);
    datagram = datagram.subspan(std::min<std::size_t>(MNL_ALIGN(message->nlmsg_len), datagram.size()));
  }
  return messages;
}

std::vector<const nlattr *> attributes_in(const void *first, std::size_t size) {
  std::vector<const nlattr *> attributes;
  const auto *attribute = static_cast<const nlattr *>(first);
  for (int left = static_cast<int>(size); mnl_attr_ok(attribute, left); attribute = mnl_attr_next(attribute)) {
    attributes.push_back(attribute);
    left -= static_cast<int>(MNL_ALIGN(attribute->nla_len));
  }
  return attributes;
}

std::vector<const nlattr *> attributes_in(const nlmsghdr &message) {
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(nfgenmsg))
    return {};
  return attributes_in(mnl_nlmsg_get_payload_offset(&message, sizeof(nfgenmsg)),
                       mnl_nlmsg_get_payload_len(&message) - sizeof(nfgenmsg));
}

std::vector<const nlattr *> attributes_in(const nlattr &nest) {
  return attributes_in(mnl_attr_get_payload(&nest), mnl_attr_get_payload_len(&nest));
}

std::string Acknowledgement::message() const {
  std::string words = std::generic_category().message(code);
  if (!text.empty())
    words += " (" + text + ")";
  return words;
}

Error Acknowledgement::error() const { return Error((code == EPERM ? "needs CAP_NET_ADMIN: " : "") + message(), code); }

std::optional<Acknowledgement> acknowledgement_in(const nlmsghdr &message) {
  const std::size_t size = mnl_nlmsg_get_payload_len(&message);
  const char *payload = static_cast<const char *>(mnl_nlmsg_get_payload(&message));
  std::int32_t number = 0;
  if (message.nlmsg_type != NLMSG_ERROR && message.nlmsg_type != NLMSG_DONE)
    return std::nullopt;
  const bool is_error = message.nlmsg_type == NLMSG_ERROR;
  if (is_error ? size < sizeof(nlmsgerr) : size < sizeof number)
    return is_error ? std::nullopt : std::optional(Acknowledgement{}); // old kernels: DONE without a number
  std::memcpy(&number, payload, sizeof number);
  Acknowledgement result;
  result.code = number == std::numeric_limits<int>::min() ? EPROTO : std::abs(number);

  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0)
    return result;
  std::size_t skip = sizeof number;
  if (is_error) {
    const auto *error = reinterpret_cast<const nlmsgerr *>(payload);
    skip = sizeof *error;
    if ((message.nlmsg_flags & NLM_F_CAPPED) == 0 && result.code != 0 && error->msg.nlmsg_len > sizeof error->msg)
      skip += NLMSG_ALIGN(error->msg.nlmsg_len - sizeof error->msg);
  }
  if (skip >= size)
    return result;
  for (const nlattr *attribute : attributes_in(payload + skip, size - skip)) {
    if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG) {
      result.text = text_of(*attribute);
    } else if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_OFFS &&
               mnl_attr_get_payload_len(attribute) >= sizeof(std::uint32_t)) {
      result.attribute_offset = mnl_attr_get_u32(attribute);
    }
  }
  return result;
}

std::string expression_at(const nlmsghdr &rule_message, std::uint32_t attribute_offset) {
  if (rule_message.nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWRULE))
    return {};
  const char *base = reinterpret_cast<const char *>(&rule_message);
  for (const nlattr *attribute : attributes_in(rule_message)) {
    if (mnl_attr_get_type(attribute) != NFTA_RULE_EXPRESSIONS)
      continue;
    int number = 0;
    for (const nlattr *expression : attributes_in(*attribute)) {
      ++number;
      const std::ptrdiff_t begin = reinterpret_cast<const char *>(expression) - base;
      if (attribute_offset < begin || attribute_offset >= begin + expression->nla_len)
        continue;
      for (const nlattr *part : attributes_in(*expression))
        if (mnl_attr_get_type(part) == NFTA_EXPR_NAME)
          return "expression " + std::to_string(number) + " (" + text_of(*part) + ")";
    }
  }
  return {};
}

} // namespace nwgate::netlink
