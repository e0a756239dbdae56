// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/drivers/netlink/fake_channel.h"

#include "drivers/netlink/handles.h"
#include "drivers/netlink/message.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
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

std::ptrdiff_t FakeChannel::send_once(std::span<const std::byte> datagram) {
  if (!send_codes.empty()) {
    const int code = send_codes.front();
    send_codes.pop_front();
    return -code;
  }
  if (answer_generation(datagram))
    return static_cast<std::ptrdiff_t>(datagram.size());
  sent.emplace_back(datagram.begin(), datagram.end());
  if (!answers_.empty()) {
    queue(answers_.front().events, datagram);
    if (answers_.front().next_generation)
      generation = answers_.front().next_generation;
    answers_.pop_front();
  }
  return static_cast<std::ptrdiff_t>(short_send.value_or(datagram.size()));
}

bool FakeChannel::answer_generation(std::span<const std::byte> datagram) {
  const auto messages = messages_in(datagram);
  if (!generation || messages.empty())
    return false;
  if (messages[0]->nlmsg_type == ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN)) {
    queue({generation_is(1, *generation)}, datagram);
    return true;
  }
  if (messages[0]->nlmsg_type != NFNL_MSG_BATCH_BEGIN || messages.size() != 2)
    return false;
  const auto attributes = attributes_in(*messages[0]);
  const bool valid = attributes.empty() || ntohl(mnl_attr_get_u32(attributes[0])) == *generation;
  queue({valid ? ack(2) : ack(1, ERESTART)}, datagram);
  return true;
}

void FakeChannel::queue(const std::vector<Event> &events, std::span<const std::byte> question) {
  const auto asked = messages_in(question);
  for (Event event : events) {
    for (const nlmsghdr *message : messages_in(event.data)) {
      const auto offset = reinterpret_cast<const std::byte *>(message) - event.data.data();
      auto &answer = *reinterpret_cast<nlmsghdr *>(event.data.data() + offset);
      answer.nlmsg_seq += asked.empty() ? 0 : asked[0]->nlmsg_seq - 1;
    }
    waiting_.push_back(std::move(event));
  }
}

std::ptrdiff_t FakeChannel::receive_once(std::span<std::byte> buffer) {
  if (waiting_.empty())
    return -EAGAIN;
  const Event event = std::move(waiting_.front());
  waiting_.pop_front();
  if (event.code != 0)
    return -event.code;
  if (event.data.size() > buffer.size())
    return -EMSGSIZE;
  std::memcpy(buffer.data(), event.data.data(), event.data.size());
  return static_cast<std::ptrdiff_t>(event.data.size());
}

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
  static_cast<nfgenmsg *>(mnl_nlmsg_get_payload(&message))->res_id = htons(1);
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
