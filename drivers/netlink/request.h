// SPDX-License-Identifier: LGPL-2.1-or-later
/// One question to nf_tables and its whole answer. Internal to this folder.
#pragma once

#include "drivers/netlink/channel.h"

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

  enum class Answer : std::uint8_t {
    complete,
    /// Somebody committed meanwhile, or a part was lost: ask again.
    interrupted
  };
  /// Sends the request and hands each message of the answer to `visit`. The answer is read to its end in any
  /// case, so that another request can follow. What the kernel refuses is an Error with its errno.
  Result<Answer> ask(Channel &channel, const std::function<void(const nlmsghdr &)> &visit);

private:
  struct Reading;
  void take(const nlmsghdr &message, const std::function<void(const nlmsghdr &)> &visit,
            Reading &reading) const;

  Kind kind_;
  std::vector<std::byte> message_;
};

/// How often an interrupted request is made again. A dump of 5,000 rules takes some milliseconds: this is
/// seconds.
inline constexpr int most_attempts = 500;

/// Everything that the request finds, each message made a T by `parse`, from an answer without interruption.
/// Nothing found (ENOENT) is an empty vector. `what` names it in errors.
template <typename T>
Result<std::vector<T>> collect(Channel &channel, Request &request,
                               std::optional<T> (*parse)(const nlmsghdr &), const std::string &what) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    std::vector<T> found;
    bool understood = true;
    auto answer = request.ask(channel, [&](const nlmsghdr &message) {
      if (auto one = parse(message))
        found.push_back(std::move(*one));
      else
        understood = false;
    });
    if (!answer && answer.error().code() == ENOENT)
      return std::vector<T>();
    if (!answer)
      return fail(answer.error().in("cannot read " + what));
    if (*answer == Request::Answer::interrupted)
      continue;
    if (!understood)
      return fail("cannot understand the kernel's description of " + what, EPROTO);
    return found;
  }
  return fail("cannot read " + what + " while others keep changing nf_tables", EAGAIN);
}

} // namespace nwgate::netlink
