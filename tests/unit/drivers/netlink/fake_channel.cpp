// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/drivers/netlink/fake_channel.h"

#include "drivers/netlink/handles.h"

#include <arpa/inet.h>
#include <array>
#include <endian.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

namespace nwgate::netlink::testing {

namespace {

using Scratch = std::array<char, 1024>;

Event finish(const nlmsghdr &message) {
  const auto *first = reinterpret_cast<const std::byte *>(&message);
  return {Datagram(first, first + NLMSG_ALIGN(message.nlmsg_len)), 0};
}

nlmsghdr &start(Scratch &scratch, std::uint16_t type, std::uint16_t flags, std::uint32_t sequence) {
  nlmsghdr &message = *mnl_nlmsg_put_header(scratch.data());
  message.nlmsg_type = type;
  message.nlmsg_flags = flags;
  message.nlmsg_seq = sequence;
  return message;
}

} // namespace

Event together(std::initializer_list<Event> events) {
  Event all;
  for (const Event &event : events)
    all.data.insert(all.data.end(), event.data.begin(), event.data.end());
  return all;
}

Event ack(std::uint32_t sequence, int code, const std::string &words) {
  alignas(nlmsghdr) Scratch scratch{};
  nlmsghdr &message = start(scratch, NLMSG_ERROR, NLM_F_CAPPED, sequence);
  auto *error = static_cast<nlmsgerr *>(mnl_nlmsg_put_extra_header(&message, sizeof(nlmsgerr)));
  error->error = -code;
  error->msg.nlmsg_seq = sequence;
  error->msg.nlmsg_len = 200; // of the message that is not repeated here
  if (!words.empty()) {
    message.nlmsg_flags |= NLM_F_ACK_TLVS;
    mnl_attr_put_strz(&message, NLMSGERR_ATTR_MSG, words.c_str());
  }
  return finish(message);
}

Event done(std::uint32_t sequence, std::uint16_t flags, int code) {
  alignas(nlmsghdr) Scratch scratch{};
  nlmsghdr &message = start(scratch, NLMSG_DONE, static_cast<std::uint16_t>(NLM_F_MULTI | flags), sequence);
  *static_cast<std::int32_t *>(mnl_nlmsg_put_extra_header(&message, sizeof(std::int32_t))) = -code;
  return finish(message);
}

Event rule(std::uint32_t sequence, std::uint64_t handle, std::uint16_t generation, std::uint16_t flags) {
  alignas(nlmsghdr) Scratch scratch{};
  nlmsghdr &message = *nftnl_nlmsg_build_hdr(scratch.data(), NFT_MSG_NEWRULE, NFPROTO_IPV4,
                                             static_cast<std::uint16_t>(NLM_F_MULTI | flags), sequence);
  static_cast<nfgenmsg *>(mnl_nlmsg_get_payload(&message))->res_id = htons(generation);
  mnl_attr_put_strz(&message, NFTA_RULE_TABLE, "filter");
  mnl_attr_put_strz(&message, NFTA_RULE_CHAIN, "c");
  mnl_attr_put_u64(&message, NFTA_RULE_HANDLE, htobe64(handle));
  return finish(message);
}

Event rule_with_expression(std::uint32_t sequence, const std::string &name) {
  alignas(nlmsghdr) Scratch scratch{};
  nlmsghdr &message = *nftnl_nlmsg_build_hdr(scratch.data(), NFT_MSG_NEWRULE, NFPROTO_IPV4, NLM_F_MULTI, sequence);
  nlattr *expressions = mnl_attr_nest_start(&message, NFTA_RULE_EXPRESSIONS);
  nlattr *expression = mnl_attr_nest_start(&message, NFTA_LIST_ELEM);
  mnl_attr_put_strz(&message, NFTA_EXPR_NAME, name.c_str());
  mnl_attr_nest_end(&message, expression);
  mnl_attr_nest_end(&message, expressions);
  return finish(message);
}

Event generation_is(std::uint32_t sequence, std::uint32_t id) {
  alignas(nlmsghdr) Scratch scratch{};
  nlmsghdr &message = *nftnl_nlmsg_build_hdr(scratch.data(), NFT_MSG_NEWGEN, AF_UNSPEC, 0, sequence);
  mnl_attr_put_u32(&message, NFTA_GEN_ID, htonl(id));
  return finish(message);
}

} // namespace nwgate::netlink::testing
