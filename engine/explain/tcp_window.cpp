// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/tcp_window.h"

#include <algorithm>
#include <netinet/tcp.h>

namespace nwgate::explain {
namespace {

constexpr std::size_t smallest_header = 20;
/// RFC 7323.
constexpr std::uint32_t largest_scale = 14;
/// How old an acknowledgement may be, if the window is not larger.
constexpr std::uint32_t oldest_acknowledgement = 66000;

std::size_t header_length(Bytes segment) { return (segment.u8(12).value() >> 4U) * 4UL; }

/// Calls `take` with the kind and the content of each option, until one is broken.
template <typename Function> void for_each_option(Bytes options, Function take) {
  for (std::size_t at = 0; at < options.size();) {
    const auto kind = options.u8(at).value();
    if (kind == TCPOPT_EOL)
      return;
    if (kind == TCPOPT_NOP) {
      ++at;
      continue;
    }
    const auto length = options.u8(at + 1).value_or(0);
    if (length < 2 || !options.has(at, length))
      return;
    take(kind, options.from(at + 2).first(length - 2));
    at += length;
  }
}

/// The highest number that the segment confirms, selectively or not.
std::uint32_t highest_confirmed(const TcpNumbers &numbers) {
  constexpr std::size_t block = 8;
  auto highest = numbers.acknowledged;
  for_each_option(numbers.options, [&](std::uint32_t kind, Bytes content) {
    if (kind != TCPOPT_SACK || content.size() % block != 0)
      return;
    for (std::size_t at = 0; at < content.size(); at += block)
      if (const auto right = content.u32(at + 4).value(); is_after(right, highest))
        highest = right;
  });
  return highest;
}

class Check {
public:
  Check(std::array<TcpSide, 2> &sides, const TcpNumbers &numbers, bool is_reply)
      : sender_(sides.at(is_reply ? 1 : 0)), receiver_(sides.at(is_reply ? 0 : 1)), numbers_(numbers),
        is_reply_(is_reply), sequence_(numbers.sequence), end_(numbers.end), confirmed_(numbers.acknowledged),
        highest_(receiver_.takes_sack ? highest_confirmed(numbers) : numbers.acknowledged) {}

  Fit run(bool is_syn_sent, bool is_opening) {
    const bool is_syn = numbers_.has(TH_SYN);
    const bool is_ack = numbers_.has(TH_ACK);
    if (sender_.window == 0) {
      if (is_syn)
        begin_sender();
      else
        join_sender();
      if (is_syn && !is_ack) // both begin
        return Fit::inside;
    } else if (is_syn && is_opening && is_after(end_, sender_.end)) {
      begin_sender();
      if (is_reply_ && !is_ack)
        return Fit::inside;
    }
    const bool confirms_nothing = !is_ack || (numbers_.has(TH_RST) && numbers_.acknowledged == 0);
    if (confirms_nothing)
      confirmed_ = highest_ = receiver_.end;
    if (numbers_.has(TH_RST) && sequence_ == 0 && is_syn_sent) // it answers a SYN
      sequence_ = end_ = sender_.end;
    const auto found = compare();
    if (found == Fit::inside)
      update(is_syn);
    return found != Fit::inside && sender_.is_liberal ? Fit::tolerated : found;
  }

private:
  void begin_sender() {
    sender_.end = sender_.limit = end_;
    sender_.window = std::max(numbers_.window, 1U);
    read_options(sender_, numbers_);
    if (is_reply_ && !(sender_.has_scale && receiver_.has_scale))
      sender_.scale = receiver_.scale = 0;
  }

  /// From the middle of what it says.
  void join_sender() {
    sender_.end = end_;
    sender_.window = std::max(numbers_.window << sender_.scale, 1U);
    sender_.limit = end_ + sender_.window;
    if (receiver_.window == 0)
      receiver_.end = receiver_.limit = highest_;
    else if (highest_ == receiver_.end + 1) // it answers a probe
      ++receiver_.end;
  }

  Fit compare() {
    const auto oldest = receiver_.end - std::max(sender_.window, oldest_acknowledgement) - 1;
    const bool is_in_room = is_after(end_, sender_.end - receiver_.window - 1);
    const bool is_confirming_sent = !is_after(highest_, receiver_.end);
    if (is_after(sequence_, sender_.limit)) {
      const auto too_much = end_ - sender_.limit + 1;
      if (receiver_.window == 0 || !is_in_room || !is_after(highest_, oldest) || too_much > receiver_.window ||
          !is_confirming_sent)
        return Fit::outside;
      sender_.end = end_; // the other side may take it, and confirm it
      sender_.is_waiting = true;
      return Fit::ignored;
    }
    if (!is_confirming_sent)
      return Fit::outside;
    if ((receiver_.window != 0 && !is_in_room) || !is_after(highest_, oldest))
      return Fit::ignored;
    return Fit::inside;
  }

  void update(bool is_syn) {
    const auto window = is_syn ? numbers_.window : numbers_.window << sender_.scale;
    sender_.window = std::max(sender_.window, window + (highest_ - confirmed_));
    if (is_after(end_, sender_.end)) {
      sender_.end = end_;
      sender_.is_waiting = true;
    }
    if (numbers_.has(TH_ACK)) {
      if (!sender_.has_acknowledged || is_after(confirmed_, sender_.acknowledged))
        sender_.acknowledged = confirmed_;
      sender_.has_acknowledged = true;
    }
    if (receiver_.window != 0 && is_after(end_, sender_.limit))
      receiver_.window += end_ - sender_.limit;
    if (is_after(highest_ + window, receiver_.limit - 1))
      receiver_.limit = highest_ + window + (window == 0 ? 1 : 0);
    if (confirmed_ == receiver_.end)
      receiver_.is_waiting = false;
  }

  TcpSide &sender_;
  TcpSide &receiver_;
  const TcpNumbers &numbers_;
  bool is_reply_;
  std::uint32_t sequence_;
  std::uint32_t end_;
  std::uint32_t confirmed_;
  std::uint32_t highest_;
};

} // namespace

TcpNumbers::TcpNumbers(Bytes segment)
    : flags(segment.u8(13).value()), sequence(segment.u32(4).value()), acknowledged(segment.u32(8).value()),
      window(segment.u16(14).value()), options(segment.first(header_length(segment)).from(smallest_header)) {
  end = sequence + static_cast<std::uint32_t>(segment.size() - std::min(segment.size(), header_length(segment))) +
        (has(TH_SYN) ? 1 : 0) + (has(TH_FIN) ? 1 : 0);
}

bool is_after(std::uint32_t left, std::uint32_t right) { return static_cast<std::int32_t>(left - right) > 0; }

void read_options(TcpSide &side, const TcpNumbers &numbers) {
  if (numbers.options.size() == 0)
    return;
  side.has_closed = false;
  side.scale = 0;
  side.has_scale = false;
  side.takes_sack = false;
  side.has_acknowledged = false;
  side.is_waiting = false;
  for_each_option(numbers.options, [&](std::uint32_t kind, Bytes content) {
    if (kind == TCPOPT_SACK_PERMITTED && content.size() == 0)
      side.takes_sack = true;
    if (kind == TCPOPT_WINDOW && content.size() == 1) {
      side.scale = static_cast<std::uint8_t>(std::min(content.u8(0).value(), largest_scale));
      side.has_scale = true;
    }
  });
}

std::array<TcpSide, 2> first_sides(const TcpNumbers &numbers) {
  std::array<TcpSide, 2> sides;
  auto &sender = sides[0];
  sender.end = numbers.end;
  sender.window = std::max(numbers.window, 1U);
  if (numbers.has(TH_SYN)) {
    sender.limit = sender.end;
    read_options(sender, numbers);
    return sides;
  }
  sender.limit = sender.end + sender.window;
  for (auto &side : sides)
    side.takes_sack = side.is_liberal = true;
  return sides;
}

Fit fit(std::array<TcpSide, 2> &sides, const TcpNumbers &numbers, bool is_reply, bool is_syn_sent, bool is_opening) {
  return Check(sides, numbers, is_reply).run(is_syn_sent, is_opening);
}

} // namespace nwgate::explain
