// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/tcp_track.h"

#include <algorithm>
#include <netinet/tcp.h>

namespace nwgate::explain {
namespace {

using std::chrono::seconds;
using Outcome = TcpStep::Outcome;

constexpr std::size_t smallest_header = 20;
/// While something is not confirmed, or nobody has answered.
constexpr seconds impatience(300);

TcpSegment kind_of(const TcpNumbers &numbers) {
  if (numbers.has(TH_RST))
    return TcpSegment::rst;
  if (numbers.has(TH_SYN))
    return numbers.has(TH_ACK) ? TcpSegment::syn_ack : TcpSegment::syn;
  return numbers.has(TH_FIN) ? TcpSegment::fin : TcpSegment::ack;
}

bool is_closing(TcpState state) { return state >= TcpState::fin_wait; }

seconds patience_of(TcpState state) {
  switch (state) {
  case TcpState::established:
    return std::chrono::hours(5 * 24);
  case TcpState::syn_received:
  case TcpState::close_wait:
    return seconds(60);
  case TcpState::last_ack:
    return seconds(30);
  case TcpState::closed:
    return seconds(10);
  default:
    return seconds(120);
  }
}

class Follower {
public:
  Follower(const TcpTrack &before, Bytes segment, bool is_reply, bool has_answer)
      : after_(before), numbers_(segment), kind_(kind_of(numbers_)), is_reply_(is_reply), has_answer_(has_answer) {
    if (before.state == TcpState::none)
      after_.sides = first_sides(numbers_);
  }

  TcpStep run() {
    const auto before = after_.state;
    const auto step = next_state(before, kind_, is_reply_);
    if (!step)
      return {Outcome::invalid, after_, {}};
    next_ = step->state;
    bool is_ignored = step->is_ignored;
    if (!is_ignored && next_ == TcpState::syn_sent && before >= TcpState::time_wait) {
      const bool has_given_up = after_.last == TcpSegment::rst && after_.last_was_reply == is_reply_;
      if (after_.sides[0].has_closed || after_.sides[1].has_closed || has_given_up)
        return {Outcome::begins_anew, after_, {}};
      is_ignored = true;
    }
    if (is_ignored && !answers_ignored_syn())
      return ignore();
    if (is_ignored)
      agree_with_ignored_syn();
    if (is_challenge()) {
      after_.expects_challenge = false;
      return {Outcome::valid, after_, {}};
    }
    after_.has_crossed |= next_ == TcpState::syn_crossed;
    if (next_ == TcpState::syn_received && is_reply_ && kind_ == TcpSegment::ack && after_.has_crossed)
      next_ = TcpState::established;
    auto needs_window = true;
    if (kind_ == TcpSegment::rst) {
      const auto reset = look_at_reset();
      if (!reset)
        return {Outcome::invalid, after_, {}};
      needs_window = *reset == Reset::needs_window;
    }
    if (needs_window)
      if (const auto stop = look_at_window())
        return *stop;
    return take();
  }

private:
  enum class Reset : std::uint8_t { needs_window, is_believed };

  [[nodiscard]] bool came_from_other_side() const { return after_.last_was_reply != is_reply_; }

  [[nodiscard]] bool answers_ignored_syn() const {
    return kind_ == TcpSegment::syn_ack && after_.last == TcpSegment::syn && came_from_other_side() &&
           numbers_.acknowledged == after_.last_end;
  }

  /// The sides agree on a SYN that has been ignored: the connection is as they know it.
  void agree_with_ignored_syn() {
    after_.state = TcpState::syn_sent;
    next_ = TcpState::syn_received;
    auto &other = after_.sides.at(is_reply_ ? 0 : 1);
    other = after_.ignored_syn;
    other.end = other.limit = after_.last_end;
    other.window = std::max(after_.last_window, 1U);
    auto &mine = after_.sides.at(is_reply_ ? 1 : 0);
    const bool is_liberal = mine.is_liberal;
    mine = {};
    mine.is_liberal = is_liberal;
    after_.expects_challenge = false;
  }

  TcpStep ignore() {
    after_.last = kind_;
    after_.last_was_reply = is_reply_;
    after_.last_end = numbers_.end;
    after_.last_window = numbers_.window;
    if (kind_ == TcpSegment::syn && !is_reply_) {
      after_.ignored_syn = {};
      read_options(after_.ignored_syn, numbers_);
      after_.has_crossed = false;
      after_.expects_challenge = after_.state == TcpState::last_ack;
    }
    if (after_.state == TcpState::syn_sent && kind_ == TcpSegment::ack && is_reply_)
      after_.last_acknowledged = numbers_.acknowledged;
    return {Outcome::valid, after_, {}};
  }

  /// It seems to confirm the last FIN, but answers a SYN.
  [[nodiscard]] bool is_challenge() const {
    return next_ == TcpState::time_wait && after_.state == TcpState::last_ack && kind_ == TcpSegment::ack &&
           came_from_other_side() && after_.last == TcpSegment::syn && after_.expects_challenge;
  }

  /// Nothing if it is not to be believed.
  std::optional<Reset> look_at_reset() {
    if (is_closing(after_.state))
      return Reset::is_believed;
    const auto &other = after_.sides.at(is_reply_ ? 0 : 1);
    if (other.has_acknowledged && after_.last != TcpSegment::syn) {
      const bool is_established = after_.state == TcpState::established && after_.is_assured;
      if (numbers_.sequence == 0 && !is_established)
        return Reset::needs_window;
      if (is_after(other.acknowledged, numbers_.sequence))
        return std::nullopt;
      const bool follows_data =
          after_.last == TcpSegment::ack && !came_from_other_side() && numbers_.sequence == after_.last_end;
      if (!is_established || numbers_.sequence == other.acknowledged || follows_data)
        return Reset::needs_window;
      next_ = after_.state; // the other side may ask back
    }
    const bool may_answer_ignored = after_.last == TcpSegment::syn
                                        ? has_answer_ && came_from_other_side()
                                        : after_.last == TcpSegment::ack && !after_.is_assured;
    if (may_answer_ignored && numbers_.acknowledged == after_.last_end)
      return Reset::is_believed;
    const bool answers_challenge = after_.state == TcpState::syn_sent && after_.last == TcpSegment::ack &&
                                   after_.last_was_reply && numbers_.sequence == after_.last_acknowledged;
    return answers_challenge ? Reset::is_believed : Reset::needs_window;
  }

  /// What to answer if the segment does not count.
  std::optional<TcpStep> look_at_window() {
    const bool is_syn_sent = after_.state == TcpState::syn_sent;
    const auto found =
        fit(after_.sides, numbers_, is_reply_, is_syn_sent, is_syn_sent || after_.state == TcpState::syn_received);
    if (found == Fit::inside && kind_ == TcpSegment::ack)
      after_.last_end = numbers_.end;
    if (found == Fit::inside || found == Fit::tolerated)
      return std::nullopt;
    if (found == Fit::ignored)
      return TcpStep{Outcome::valid, after_, {}};
    const bool is_end = kind_ == TcpSegment::rst || kind_ == TcpSegment::fin;
    const bool was_end = after_.last == TcpSegment::rst || after_.last == TcpSegment::fin;
    if (after_.is_assured && is_end && !(was_end && came_from_other_side())) {
      after_.last = kind_;
      after_.last_was_reply = is_reply_;
    }
    return TcpStep{Outcome::invalid, after_, {}};
  }

  TcpStep take() {
    const auto before = after_.state;
    after_.last = kind_;
    after_.last_was_reply = is_reply_;
    after_.state = next_;
    if (before != next_ && next_ == TcpState::fin_wait)
      after_.sides.at(is_reply_ ? 1 : 0).has_closed = true;
    auto patience = kind_ == TcpSegment::rst ? patience_of(TcpState::closed) : patience_of(next_);
    if (after_.sides[0].is_waiting || after_.sides[1].is_waiting)
      patience = std::min(patience, impatience);
    if (!has_answer_) {
      if (kind_ == TcpSegment::rst) // nobody was there: the next attempt is a connection of its own
        return {Outcome::ends, after_, {}};
      if (kind_ == TcpSegment::syn && before == TcpState::syn_sent)
        return {Outcome::valid, after_, {}};
      if (next_ == TcpState::established)
        patience = std::min(patience, impatience);
    } else if (next_ == TcpState::established &&
               (before == TcpState::syn_received || before == TcpState::established)) {
      after_.is_assured = true;
    }
    return {Outcome::valid, after_, patience};
  }

  TcpTrack after_;
  TcpNumbers numbers_;
  TcpSegment kind_;
  bool is_reply_;
  bool has_answer_;
  TcpState next_{};
};

} // namespace

bool is_valid_tcp(Bytes segment, bool is_whole) {
  if (!segment.has(0, smallest_header))
    return false;
  const auto length = (segment.u8(12).value() >> 4U) * 4UL;
  if (length < smallest_header || (is_whole && length > segment.size()))
    return false;
  const auto flags = segment.u8(13).value();
  const auto has = [&](std::uint32_t flag) { return (flags & flag) != 0; };
  if (has(TH_SYN))
    return !has(TH_FIN) && !has(TH_RST) && !(has(TH_ACK) && has(TH_URG));
  if (has(TH_RST))
    return !has(TH_FIN) && !has(TH_URG);
  return has(TH_ACK);
}

TcpStep follow_tcp(const TcpTrack &before, Bytes segment, bool is_reply, bool has_answer) {
  return Follower(before, segment, is_reply, has_answer).run();
}

} // namespace nwgate::explain
