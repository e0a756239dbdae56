// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/request.h"

#include "drivers/netlink/generation.h"
#include "drivers/netlink/handles.h"
#include "drivers/netlink/message.h"

#include <algorithm>
#include <arpa/inet.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string>
#include <utility>

namespace nwgate::netlink {

namespace {

// Two names of at most 256 bytes each (NFT_NAME_MAXLEN) fit; longer ones are cut, and no such thing exists.
constexpr std::size_t request_size = 1024;
constexpr std::size_t longest_name = 256;

/// Whether the kernel may have ended this part of a dump for want of room, rather than at the end of its
/// list. Its parts have 32 kB or, when it finds no such piece of memory, about a page; both less a message
/// that did not fit.
bool may_be_full(std::size_t size) { return size > 16384 || (size > 2048 && size <= 4096); }

} // namespace

struct Request::Reading {
  std::uint32_t sequence = 0;
  bool done = false;
  Answer answer;
  int messages = 0;
  std::optional<Acknowledgement> refusal;
};

Request::Request(std::uint16_t type, std::uint8_t family, Kind kind) : kind_(kind), message_(request_size) {
  nftnl_nlmsg_build_hdr(reinterpret_cast<char *>(message_.data()), type, family, kind == Kind::dump ? NLM_F_DUMP : 0,
                        0);
}

void Request::put(std::uint16_t attribute, const std::string &text) {
  auto *message = reinterpret_cast<nlmsghdr *>(message_.data());
  mnl_attr_put_strz(message, attribute, text.substr(0, longest_name).c_str());
}

void Request::put_element_key(Bytes key) {
  auto *message = reinterpret_cast<nlmsghdr *>(message_.data());
  nlattr *list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
  nlattr *element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
  nlattr *data = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
  mnl_attr_put(message, NFTA_DATA_VALUE, key.size(), key.data());
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, element);
  mnl_attr_nest_end(message, list);
}

Result<Request::Answer> Request::ask(Channel &channel, const std::function<void(const nlmsghdr &)> &visit) {
  auto *message = reinterpret_cast<nlmsghdr *>(message_.data());
  Reading reading;
  reading.sequence = message->nlmsg_seq = channel.reserve_sequence(1);
  if (auto sent = channel.send({message_.data(), message->nlmsg_len}); !sent)
    return fail(sent.error());

  std::vector<std::byte> buffer(receive_size);
  while (!reading.done) {
    auto received = channel.receive(buffer);
    if (!received)
      return fail(received.error());
    if (received->lost) {
      reading.answer.interrupted = true;
      continue;
    }
    if (received->size == 0) { // its end was lost
      reading.answer.interrupted = true;
      break;
    }
    const int before = reading.messages;
    for (const nlmsghdr *part : messages_in({buffer.data(), received->size}))
      if (part->nlmsg_seq == reading.sequence)
        take(*part, visit, reading);
    if (reading.messages > before && (before > 0 || may_be_full(received->size)))
      reading.answer.in_steps = true;
  }
  if (reading.refusal)
    return fail(reading.refusal->error());
  return reading.answer;
}

void Request::take(const nlmsghdr &message, const std::function<void(const nlmsghdr &)> &visit,
                   Reading &reading) const {
  if ((message.nlmsg_flags & NLM_F_DUMP_INTR) != 0)
    reading.answer.interrupted = true;
  if (auto answer = acknowledgement_in(message)) {
    reading.done = true;
    if (answer->code == EINTR)
      reading.answer.interrupted = true;
    else if (answer->code != 0)
      reading.refusal = std::move(answer);
    return;
  }
  if (mnl_nlmsg_get_payload_len(&message) >= sizeof(nfgenmsg)) {
    const auto *head = static_cast<const nfgenmsg *>(mnl_nlmsg_get_payload(&message));
    const std::uint16_t number = ntohs(head->res_id);
    if (reading.answer.generation.value_or(number) != number)
      reading.answer.interrupted = true;
    reading.answer.generation = number;
  }
  ++reading.messages;
  visit(message);
  if (kind_ == Kind::single)
    reading.done = true;
}

namespace {

/// What two dumps of the same state have in common, whatever the counters do meanwhile.
struct Fingerprint {
  /// The table that it is in, and its handle, which nothing else of its kind has there.
  using Identity = std::pair<std::string, std::uint64_t>;

  GenerationId generation = 0;
  std::vector<Identity> identities;
  bool operator==(const Fingerprint &) const = default;

  [[nodiscard]] bool has_something_twice() const {
    auto sorted = identities;
    std::ranges::sort(sorted);
    return std::ranges::adjacent_find(sorted) != sorted.end();
  }
};

static_assert(int{NFTA_RULE_TABLE} == int{NFTA_CHAIN_TABLE} && int{NFTA_RULE_TABLE} == int{NFTA_SET_TABLE});

Fingerprint::Identity identity_in(const nlmsghdr &message, std::uint16_t handle_attribute) {
  Fingerprint::Identity identity;
  for (const nlattr *attribute : attributes_in(message)) {
    const auto type = mnl_attr_get_type(attribute);
    if (type == NFTA_RULE_TABLE && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
      identity.first = mnl_attr_get_str(attribute);
    else if (type == handle_attribute && mnl_attr_validate(attribute, MNL_TYPE_U64) >= 0)
      identity.second = mnl_attr_get_u64(attribute);
  }
  return identity;
}

} // namespace

Result<std::vector<std::byte>> believed_listing(Channel &channel, Request &request, std::uint16_t handle_attribute) {
  std::optional<Fingerprint> last;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    auto now = generation(channel);
    if (!now)
      return fail(now.error());
    std::vector<std::byte> listing;
    auto answer = request.ask(channel, [&](const nlmsghdr &message) {
      const auto *bytes = reinterpret_cast<const std::byte *>(&message);
      listing.insert(listing.end(), bytes, bytes + message.nlmsg_len);
      listing.resize(NLMSG_ALIGN(listing.size()));
    });
    if (!answer)
      return fail(answer.error());
    const bool other = answer->generation && *answer->generation != static_cast<std::uint16_t>(*now);
    if (answer->interrupted || other) {
      last.reset();
      continue;
    }
    if (!answer->in_steps)
      return listing;
    Fingerprint seen{*now, {}};
    for (const nlmsghdr *message : messages_in(listing))
      seen.identities.push_back(identity_in(*message, handle_attribute));
    if (last == seen && !seen.has_something_twice())
      return listing;
    last = std::move(seen);
  }
  return fail("others keep changing nf_tables", EAGAIN);
}

} // namespace nwgate::netlink
