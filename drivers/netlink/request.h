// SPDX-License-Identifier: LGPL-2.1-or-later
/// One question to nf_tables and its whole answer. Internal to this folder.
#pragma once

#include "drivers/netlink/channel.h"
#include "drivers/netlink/message.h"

#include <cerrno>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

struct nlmsghdr;

namespace nwgate::netlink {

class Request {
public:
  enum class Kind : std::uint8_t { single, dump };

  /// `type` is an NFT_MSG_GET*.
  Request(std::uint16_t type, std::uint8_t family, Kind kind);
  void put(std::uint16_t attribute, const std::string &text);
  /// The element that an NFT_MSG_GETSETELEM asks for.
  void put_element_key(Bytes key);

  struct Answer {
    /// Somebody committed meanwhile, or a part was lost: ask again.
    bool interrupted = false;
    /// The kernel may have made the answer in several steps, between which its lists could move: see
    /// believed_listing().
    bool in_steps = false;
    /// The generation (its low 16 bits) that the messages say they are of; nothing when there are none.
    std::optional<std::uint16_t> generation;
  };
  /// Sends the request and hands each message of the answer to `visit`. The answer is read to its end in any
  /// case, so that another request can follow. What the kernel refuses is an Error with its errno.
  Result<Answer> ask(Channel &channel, const std::function<void(const nlmsghdr &)> &visit);

private:
  struct Reading;
  void take(const nlmsghdr &message, const std::function<void(const nlmsghdr &)> &visit, Reading &reading) const;

  Kind kind_;
  std::vector<std::byte> message_;
};

/// How often an interrupted request is made again: seconds for a dump of 5,000 rules.
inline constexpr int most_attempts = 500;

/// The messages of one dump, one behind the other, all of one state. ENOENT when nothing is there.
///
/// NLM_F_DUMP_INTR does not tell everything (all of this was seen while another program wrote):
/// - A commit counts the generation up first and switches to the new rules then. Who begins in between sees
///   old rules, or some of both, under the new number. So a dump begins when no transaction is under way, and
///   must then be of that generation.
/// - Each part of a dump goes on at the list position where the one before stopped, and counts what is not in
///   force: the rules of a transaction in the making, and those that the last commit deleted and has not
///   unlinked yet. When such come or go between two parts, the next one leaves out others or repeats them. So
///   an answer that was made in steps is only believed when the next one has the same handles, and none of
///   them twice: as many rules in the making as the first part has, and it is repeated whole, in each of two
///   answers alike (seen on 6.1).
Result<std::vector<std::byte>> believed_listing(Channel &channel, Request &request, std::uint16_t handle_attribute);

/// Everything that the request lists, each message made a T by `parse`. Nothing there (ENOENT) is an empty
/// vector. `handle_attribute` is the NFTA_*_HANDLE of what is listed, `what` names it in errors.
template <typename T>
Result<std::vector<T>> dump(Channel &channel, Request &request, std::uint16_t handle_attribute,
                            std::optional<T> (*parse)(const nlmsghdr &), const std::string &what) {
  auto listing = believed_listing(channel, request, handle_attribute);
  if (!listing && listing.error().code() == ENOENT)
    return std::vector<T>();
  if (!listing)
    return fail(listing.error().in("cannot read " + what));
  std::vector<T> found;
  for (const nlmsghdr *message : messages_in(*listing)) {
    auto one = parse(*message);
    if (!one)
      return fail("cannot understand the kernel's description of " + what, EPROTO);
    found.push_back(std::move(*one));
  }
  return found;
}

/// The one thing that the request finds, or nothing (ENOENT).
template <typename T>
Result<std::optional<T>> get(Channel &channel, Request &request, std::optional<T> (*parse)(const nlmsghdr &),
                             const std::string &what) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    std::optional<T> found;
    auto answer = request.ask(channel, [&](const nlmsghdr &message) { found = parse(message); });
    if (!answer && answer.error().code() == ENOENT)
      return std::optional<T>();
    if (!answer)
      return fail(answer.error().in("cannot read " + what));
    if (answer->interrupted)
      continue;
    if (!found)
      return fail("cannot understand the kernel's description of " + what, EPROTO);
    return found;
  }
  return fail("cannot read " + what + ": the kernel's answers get lost", ENOBUFS);
}

} // namespace nwgate::netlink
