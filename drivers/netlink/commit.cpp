// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sending a transaction, and finding out what became of it.
#include "drivers/netlink/generation.h"
#include "drivers/netlink/handles.h"
#include "drivers/netlink/message.h"
#include "drivers/netlink/transaction.h"

#include <cerrno>
#include <libnftnl/common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

namespace nwgate::netlink {

namespace {

constexpr const char *doing = "cannot commit to nf_tables";

} // namespace

/// What the kernel said about one batch.
struct Transaction::Answers {
  std::vector<Refusal> refusals;
  /// About the batch as a whole: it carries the sequence number of the message that begins it.
  std::optional<Acknowledgement> about_batch;
  bool last_operation_accepted = false;
  bool end_reached = false;
  /// Some answers did not fit into the receive buffer.
  bool lost = false;
};

nlmsghdr &Transaction::message_at(std::size_t index) {
  return *reinterpret_cast<nlmsghdr *>(batch_.data() + starts_[index]);
}

/// Ends the batch, and numbers its messages. Answers are wanted for the end and, since kernels before 6.10
/// say nothing about that, for the last operation.
void Transaction::seal(std::uint32_t first_sequence) {
  append(*nftnl_batch_end(reinterpret_cast<char *>(scratch_.get()), 0));
  for (std::size_t index = 0; index < starts_.size(); ++index)
    message_at(index).nlmsg_seq = first_sequence + static_cast<std::uint32_t>(index);
  message_at(starts_.size() - 1).nlmsg_flags |= NLM_F_ACK;
  message_at(starts_.size() - 2).nlmsg_flags |= NLM_F_ACK;
}

/// Back to the state in which operations can be added.
void Transaction::unseal() {
  message_at(starts_.size() - 2).nlmsg_flags &= static_cast<std::uint16_t>(~NLM_F_ACK);
  batch_.resize(starts_.back());
  starts_.pop_back();
}

Result<Commit> Transaction::commit(Channel &channel) {
  Commit commit;
  if (!unsendable_.empty()) {
    commit.outcome = Commit::Outcome::refused;
    commit.refusals = unsendable_;
    return commit;
  }
  if (empty())
    return commit;
  if (auto drained = channel.drain(); !drained)
    return fail(drained.error().in(doing));

  const std::uint32_t first = channel.reserve_sequence(static_cast<std::uint32_t>(starts_.size() + 1));
  seal(first);
  commit.bytes = batch_.size();
  commit.messages = starts_.size();
  Answers answers;
  auto sent = channel.send(batch_);
  // An answer that cannot be read is as good as lost.
  if (sent && !read_answers(channel, first, answers))
    answers.lost = true;
  unseal();
  if (!sent)
    return fail(sent.error().in(doing));

  auto outcome = judge(channel, answers);
  if (!outcome)
    return fail(outcome.error());
  commit.outcome = *outcome;
  if (auto last = channel.last_generation(); last && *outcome == Commit::Outcome::committed)
    channel.remember_generation(*last + 1);
  commit.refusals = std::move(answers.refusals);
  return commit;
}

/// The kernel works on a batch within the system call that sends it: all answers wait here when it returns.
Result<> Transaction::read_answers(Channel &channel, std::uint32_t first_sequence, Answers &answers) {
  std::vector<std::byte> buffer(receive_size);
  for (;;) {
    auto received = channel.receive(buffer);
    if (!received)
      return fail(received.error());
    if (received->lost) {
      answers.lost = true;
      continue;
    }
    if (received->size == 0)
      return {};
    for (const nlmsghdr *message : messages_in({buffer.data(), received->size}))
      take_answer(*message, first_sequence, answers);
  }
}

void Transaction::take_answer(const nlmsghdr &message, std::uint32_t first_sequence, Answers &answers) {
  const std::size_t index = message.nlmsg_seq - first_sequence;
  auto answer = acknowledgement_in(message);
  if (!answer || message.nlmsg_type != NLMSG_ERROR || index >= starts_.size())
    return; // to another request
  const std::size_t last = starts_.size() - 1;
  if (answer->code == 0) {
    answers.end_reached |= index == last;
    answers.last_operation_accepted |= index + 1 == last;
  } else if (index == 0 || index == last) {
    answers.about_batch = std::move(answer);
  } else {
    Refusal refusal{tags_[index - 1], answer->code, answer->message()};
    if (answer->attribute_offset)
      if (auto place = expression_at(message_at(index), *answer->attribute_offset); !place.empty())
        refusal.message += " at " + place;
    answers.refusals.push_back(std::move(refusal));
  }
}

Result<Commit::Outcome> Transaction::judge(Channel &channel, const Answers &answers) const {
  if (answers.about_batch && answers.about_batch->code == ERESTART)
    return Commit::Outcome::conflict;
  if (answers.about_batch)
    return fail(answers.about_batch->error().in(doing));
  if (!answers.refusals.empty())
    return Commit::Outcome::refused;
  // The end is only answered after the commit. The last operation is answered in any case; what failed behind
  // it would have been answered too.
  if (answers.end_reached || (answers.last_operation_accepted && !answers.lost))
    return Commit::Outcome::committed;
  return judge_without_answer(channel);
}

/// If the generation is still the one that the batch asked for, nobody has committed, nor have we. If it is
/// another one, either we have moved it or somebody else was faster: nothing in the kernel tells which.
Result<Commit::Outcome> Transaction::judge_without_answer(Channel &channel) const {
  if (!expected_)
    return Commit::Outcome::unclear;
  auto now = generation(channel);
  if (now && *now == *expected_)
    return fail(std::string(doing) + ": nothing has changed, and the kernel's reason was lost", ENOBUFS);
  return Commit::Outcome::unclear;
}

} // namespace nwgate::netlink
