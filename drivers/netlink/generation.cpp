// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/generation.h"

#include "drivers/netlink/handles.h"
#include "drivers/netlink/message.h"
#include "drivers/netlink/request.h"

#include <arpa/inet.h>
#include <array>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

namespace nwgate::netlink {

namespace {

constexpr const char *doing = "cannot read the generation of nf_tables";

std::optional<GenerationId> parse_generation(const nlmsghdr &message) {
  for (const nlattr *attribute : attributes_in(message)) {
    if (mnl_attr_get_type(attribute) == NFTA_GEN_ID && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
      return ntohl(mnl_attr_get_u32(attribute));
  }
  return std::nullopt;
}

/// The kernel's answer to an empty batch that is only valid in generation `id`: 0, ERESTART, or another
/// errno. Kernels before 6.10 say nothing when it is valid; lost answers count as ERESTART.
Result<int> empty_batch(Channel &channel, GenerationId id) {
  alignas(nlmsghdr) std::array<char, 128> batch{};
  const std::uint32_t sequence = channel.reserve_sequence(2);
  nlmsghdr *begin = nftnl_batch_begin(batch.data(), sequence);
  mnl_attr_put_u32(begin, NFNL_BATCH_GENID, htonl(id));
  nlmsghdr *end = nftnl_batch_end(batch.data() + begin->nlmsg_len, sequence + 1);
  end->nlmsg_flags |= NLM_F_ACK;
  const std::size_t size = begin->nlmsg_len + end->nlmsg_len;
  if (auto sent = channel.send(std::as_bytes(std::span(batch).first(size))); !sent)
    return fail(sent.error());

  int code = 0;
  std::vector<std::byte> buffer(receive_size);
  for (;;) {
    auto received = channel.receive(buffer);
    if (!received)
      return fail(received.error());
    if (received->lost)
      code = ERESTART;
    else if (received->size == 0)
      return code;
    for (const nlmsghdr *message : messages_in(std::span(buffer).first(received->size)))
      if (auto answer = acknowledgement_in(*message); answer && answer->code != 0 && message->nlmsg_seq - sequence < 2)
        code = answer->code;
  }
}

} // namespace

Result<GenerationId> plain_generation(Channel &channel) {
  Request request(NFT_MSG_GETGEN, AF_UNSPEC, Request::Kind::single);
  auto found = get(channel, request, parse_generation, "the generation of nf_tables");
  if (!found)
    return fail(found.error());
  if (!*found)
    return fail(std::string(doing), ENOENT);
  return **found;
}

Result<GenerationId> generation(Channel &channel) {
  // Most of the time it is still the one of the last time, and one question is enough.
  std::optional<GenerationId> guess = channel.last_generation();
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    if (!guess) {
      auto plain = plain_generation(channel);
      if (!plain)
        return plain;
      guess = *plain;
    }
    auto code = empty_batch(channel, *guess);
    if (!code)
      return fail(code.error().in(doing));
    if (*code == 0) {
      channel.remember_generation(*guess);
      return *guess;
    }
    if (*code != ERESTART)
      return fail(Acknowledgement{*code, {}, {}}.error().in(doing));
    guess.reset();
  }
  return fail(std::string(doing) + " while others keep changing them", EAGAIN);
}

} // namespace nwgate::netlink
