// SPDX-License-Identifier: LGPL-2.1-or-later
/// The messages inside a datagram from the kernel, and its acknowledgements. Internal to this folder.
#pragma once

#include "engine/base/error.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

struct nlattr;
struct nlmsghdr;

namespace nwgate::netlink {

/// Pointers into a datagram, up to its end or the first message that is not whole.
std::vector<const nlmsghdr *> messages_in(std::span<const std::byte> datagram);

/// The attributes in `size` bytes from `first` on, up to the first one that is not whole.
std::vector<const nlattr *> attributes_in(const void *first, std::size_t size);
/// The attributes behind the header that every message of netfilter begins with.
std::vector<const nlattr *> attributes_in(const nlmsghdr &message);
/// The attributes inside another one.
std::vector<const nlattr *> attributes_in(const nlattr &nest);

/// What an NLMSG_ERROR says, or the number at the end of a dump (NLMSG_DONE).
struct Acknowledgement {
  /// errno, positive; 0 for success.
  int code = 0;
  /// The kernel's own words, or empty.
  std::string text;
  /// Where in the refused message the attribute is that the kernel did not like.
  std::optional<std::uint32_t> attribute_offset;

  /// strerror, and the kernel's words in brackets behind it.
  [[nodiscard]] std::string message() const;
  /// The message as an Error; EPERM with the hint to CAP_NET_ADMIN.
  [[nodiscard]] Error error() const;
};

/// Nothing for a message that is neither of the two, or too short.
std::optional<Acknowledgement> acknowledgement_in(const nlmsghdr &message);

/// The place in a refused rule, for people: `expression 2 (match)`, counted from 1. Empty when the offset
/// points elsewhere.
std::string expression_at(const nlmsghdr &rule_message, std::uint32_t attribute_offset);

} // namespace nwgate::netlink
