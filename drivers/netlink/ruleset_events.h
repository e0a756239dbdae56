// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the kernel tells of commits to nf_tables in this network namespace: whether one has touched a certain table,
/// and whose it was.
#pragma once

#include "drivers/netlink/socket.h"

#include <optional>
#include <string>

namespace nwgate::netlink {

class RulesetEvents {
public:
  /// From now on. Commits by the socket with the port id `own_port` are told apart from others'.
  static Result<RulesetEvents> open(TableName table, std::uint32_t own_port);

  /// For poll(): readable when there is something to take().
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

  struct Committer {
    /// As the kernel counts it, which may be otherwise than in a process namespace.
    std::uint32_t pid = 0;
    /// Its name in printable ASCII; empty when nobody knows who it was.
    std::string name;
  };
  struct News {
    /// The table was touched by a commit of our own.
    bool own = false;
    /// The last who has touched the table since, or since the last call; also if that may have been: the kernel had
    /// more to tell than there was room for.
    std::optional<Committer> others;
  };
  /// Takes all that has happened since the last call, and does not wait.
  Result<News> take();

private:
  RulesetEvents(Socket socket, TableName table, std::uint32_t own_port)
      : socket_(std::move(socket)), table_(std::move(table)), own_port_(own_port) {}
  void look_at(const nlmsghdr &message, News &news);

  Socket socket_;
  TableName table_;
  std::uint32_t own_port_;
  /// By the commit whose messages are being read.
  bool is_touched_ = false;
};

} // namespace nwgate::netlink
