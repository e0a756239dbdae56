// SPDX-License-Identifier: LGPL-2.1-or-later
/// One batch of changes over all families: the kernel takes all of it or nothing.
#pragma once

#include "drivers/netlink/channel.h"
#include "drivers/netlink/expression_list.h"
#include "drivers/netlink/names.h"
#include "drivers/netlink/sets.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct nftnl_rule;
struct nlmsghdr;

namespace nwgate::netlink {

/// The caller's own number of the thing that an operation is for; comes back with a refusal.
using Tag = std::size_t;

enum class Policy : std::uint8_t { drop = 0, accept = 1 };

/// Where a base chain hangs.
struct BaseChain {
  std::string type = "filter";
  /// NF_INET_*, NF_BR_* or NF_NETDEV_*.
  std::uint32_t hook = 0;
  std::int32_t priority = 0;
  Policy policy = Policy::accept;
  /// Of the netdev family: the device's name.
  std::string device = {};
  bool operator==(const BaseChain &) const = default;
};

/// The place of a new rule in its chain.
class Position {
public:
  static Position append() { return {Kind::append, 0}; }
  /// In front of all rules: several of them come out in reverse order.
  static Position top() { return {Kind::top, 0}; }
  /// In front of the rule with this handle: several of them keep their order.
  static Position before(std::uint64_t handle) { return {Kind::before, handle}; }
  /// Behind the rule with this handle: several of them come out in reverse order.
  static Position after(std::uint64_t handle) { return {Kind::after, handle}; }
  bool operator==(const Position &) const = default;

private:
  friend class Transaction;
  enum class Kind : std::uint8_t { append, top, before, after };
  Position(Kind kind, std::uint64_t handle) : kind_(kind), handle_(handle) {}
  Kind kind_;
  std::uint64_t handle_;
};

/// An operation that the kernel did not accept.
struct Refusal {
  /// Absent when the kernel refused the batch as a whole.
  std::optional<Tag> tag;
  /// errno, positive.
  int code = 0;
  /// The words of that errno, and the kernel's own message where it sent one.
  std::string message;
};

/// How a commit went.
struct Commit {
  enum class Outcome : std::uint8_t {
    /// Everything is in force.
    committed,
    /// Nothing has changed; `refusals` has at least one entry.
    refused,
    /// Nothing has changed: somebody else committed since the expected generation. Read again, build again.
    conflict,
    /// The kernel's answer was lost and the generation has moved. Treat it as a conflict: read again and see.
    unclear
  };
  Outcome outcome = Outcome::committed;
  /// In the order of the operations; the kernel goes on after the first one. When very many are refused, the
  /// kernel's answers may not all fit into the receive buffer: the first ones are here.
  std::vector<Refusal> refusals;
  std::size_t bytes = 0;
  /// With the two that begin and end the batch.
  std::size_t messages = 0;
};

/// Collects operations in memory; nothing happens before commit(). An operation sees what those before it
/// did: a table can be made, filled and referred to in one transaction.
class Transaction {
public:
  /// With `expected`, the kernel refuses the batch (Outcome::conflict) unless its generation is that one, so
  /// what was read before is still true when the changes are made.
  explicit Transaction(std::optional<GenerationId> expected = std::nullopt);

  /// Adding what exists already is not refused and changes nothing: user data is only taken when a table or a
  /// chain is made. User data: see user_data.h; at most 256 bytes.
  void add_table(const TableName &table, Tag tag, Bytes user_data = {});
  /// Puts a table that somebody made dormant, so that no packet sees its chains, in force again.
  void wake_table(const TableName &table, Tag tag);
  /// With all that is in it. ENOENT when there is none.
  void delete_table(const TableName &table, Tag tag);
  /// A chain that exists with another type, hook or priority is refused (EEXIST, EOPNOTSUPP); another policy
  /// is taken over.
  void add_base_chain(const ChainName &chain, const BaseChain &base, Tag tag, Bytes user_data = {});
  void add_chain(const ChainName &chain, Tag tag, Bytes user_data = {});
  /// EBUSY while a rule or a map element refers to it. Its rules go with it.
  void delete_chain(const ChainName &chain, Tag tag);
  /// Deletes all rules of the chain.
  void flush_chain(const ChainName &chain, Tag tag);

  /// The rule says family, table and chain itself, and stays the caller's. Its handle and position are
  /// overwritten.
  void add_rule(nftnl_rule &rule, Position position, Tag tag);
  /// Puts the rule in the place of the one with this handle, and under this handle. It starts with the counts
  /// that its counter expression says (counters.h). Only once in a transaction for one handle.
  void replace_rule(nftnl_rule &rule, std::uint64_t handle, Tag tag);
  void add_rule(const ChainName &chain, const RuleContent &rule, Position position, Tag tag);
  void replace_rule(const ChainName &chain, const RuleContent &rule, std::uint64_t handle, Tag tag);
  /// ENOENT when the rule is gone.
  void delete_rule(const ChainName &chain, std::uint64_t handle, Tag tag);

  /// A set that exists and is of another kind is refused (EEXIST).
  void add_set(const SetName &set, const SetSpec &spec, Tag tag, Bytes user_data = {});
  /// With its elements. EBUSY while a rule refers to it.
  void delete_set(const SetName &set, Tag tag);
  /// Elements that are there already are passed over; EEXIST if they have other data. Many elements are several
  /// operations with one tag. In a set with counters, each goes on counting from the one of `from` at its place; those
  /// behind its end begin at 0.
  void add_elements(const SetName &set, const SetSpec &spec, const Elements &elements, Tag tag,
                    const std::vector<Counts> &from = {});
  void add_element(const SetName &set, const VerdictElement &element, Tag tag, const Counts &from = {});
  /// `elements` as for add_elements(), whose data is not looked at. ENOENT if one is not there.
  void delete_elements(const SetName &set, const SetSpec &spec, const Elements &elements, Tag tag);
  void delete_element(const SetName &set, const VerdictElement &element, Tag tag);

  [[nodiscard]] bool empty() const { return tags_.empty(); }
  /// Operations so far.
  [[nodiscard]] std::size_t size() const { return tags_.size(); }

  /// Sends the whole batch with one system call and reads the answers. An empty transaction is committed
  /// without asking the kernel. An Error (no CAP_NET_ADMIN, no memory, a socket that fails) means that
  /// nothing has changed. May be repeated.
  Result<Commit> commit(Channel &channel);

private:
  /// A message in the scratch buffer, to be filled and then handed to append().
  nlmsghdr &start(std::uint16_t type, Family family, std::uint16_t flags);
  nlmsghdr &start_chain(std::uint16_t type, const ChainName &chain, std::uint16_t flags);
  nlmsghdr &start_rule_deletion(const ChainName &chain);
  void put_rule(nftnl_rule &rule, std::uint16_t flags, Tag tag);
  nlmsghdr &start_rule(const ChainName &chain, const RuleContent &rule, std::uint16_t flags);
  nlmsghdr &start_elements(std::uint16_t type, const SetName &set);
  void put_elements(std::uint16_t type, const SetName &set, const SetSpec &spec, const Elements &elements, Tag tag,
                    const std::vector<Counts> &from = {});
  void append(const nlmsghdr &message);
  void append(const nlmsghdr &message, Tag tag);

  nlmsghdr &message_at(std::size_t index);
  void seal(std::uint32_t first_sequence);
  void unseal();
  struct Answers;
  Result<> read_answers(Channel &channel, std::uint32_t first_sequence, Answers &answers);
  void take_answer(const nlmsghdr &message, std::uint32_t first_sequence, Answers &answers);
  Result<Commit::Outcome> judge(Channel &channel, const Answers &answers) const;
  Result<Commit::Outcome> judge_without_answer(Channel &channel) const;

  std::optional<GenerationId> expected_;
  std::unique_ptr<std::byte[]> scratch_;
  /// Batch begin and the operations; the end is put behind them when committing.
  std::vector<std::byte> batch_;
  /// Where each message of the batch begins.
  std::vector<std::size_t> starts_;
  /// One for each operation, so that of the message before it.
  std::vector<Tag> tags_;
  /// Operations that cannot even be written as a message.
  std::vector<Refusal> unsendable_;
  /// Sets of this transaction have numbers of their own.
  std::uint32_t next_set_id_ = 1;
};

} // namespace nwgate::netlink
