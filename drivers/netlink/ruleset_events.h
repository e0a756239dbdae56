// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the kernel tells of commits to nf_tables in this network namespace: whether one has touched certain things, and
/// whose it was.
#pragma once

#include "drivers/netlink/names.h"
#include "drivers/netlink/socket.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nwgate::netlink {

/// What is of interest in a table: the table itself, and what is in it.
struct WatchedTable {
  TableName name;
  /// Whether a chain is, or a rule in that chain, by its user data. Empty: everything in the table is of interest;
  /// otherwise only such chains and rules.
  std::function<bool(std::string_view chain, Bytes user_data)> concerns;
};

class RulesetEvents {
public:
  /// From now on. Commits by the socket with the port id `own_port` are told apart from others'.
  static Result<RulesetEvents> open(std::vector<WatchedTable> tables, std::uint32_t own_port);

  /// For poll(): readable when there is something to take().
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

  struct Committer {
    /// One that was touched. None if the kernel had more to tell than there was room for: then nobody knows.
    std::optional<TableName> table;
    /// As the kernel counts it, which may be otherwise than in a process namespace.
    std::uint32_t pid = 0;
    /// Its name in printable ASCII; empty when nobody knows who it was.
    std::string name;
  };
  struct News {
    /// Something was touched by a commit of our own.
    bool own = false;
    /// The last who has touched something since, or since the last call; also if that may have been.
    std::optional<Committer> others;
  };
  /// Takes all that has happened since the last call, and does not wait.
  Result<News> take();

private:
  RulesetEvents(Socket socket, std::vector<WatchedTable> tables, std::uint32_t own_port)
      : socket_(std::move(socket)), tables_(std::move(tables)), own_port_(own_port) {}
  void look_at(const nlmsghdr &message, News &news);

  Socket socket_;
  std::vector<WatchedTable> tables_;
  std::uint32_t own_port_;
  /// By the commit whose messages are being read.
  std::optional<TableName> touched_;
};

} // namespace nwgate::netlink
