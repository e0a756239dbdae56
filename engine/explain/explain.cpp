// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/explain.h"

#include <fmt/format.h>

namespace nwgate {
namespace {

using explain::Bytes;
using explain::Holds;
using explain::View;

class Walk {
public:
  Walk(const ClosedProgram &closed, const Packet &packet)
      : program_(closed.program),
        packet_(packet), view_{packet, explain::ethernet_header(seen_by_ethernet(packet)), {}} {}

  Explanation run() {
    if (view_.ethernet.is_cut_off) {
      drop_in_kernel("a tag that is cut off");
      return std::move(result_);
    }
    auto found = explain::ip_header(packet_.reassembled.empty() ? view_.ethernet
                                                                : explain::ethernet_header(Bytes(packet_.reassembled)));
    if (auto *ip = std::get_if<explain::IpHeader>(&found))
      view_.ip = *ip;
    const auto *broken = std::get_if<std::string>(&found);
    const bool is_out = packet_.direction == Direction::out;
    if (is_out)
      go_through(Layer::ethernet);
    if (broken != nullptr && is_accepted())
      drop_in_kernel(*broken);
    if (view_.ip && is_accepted())
      go_through(view_.ip->layer);
    if (!is_out && view_.ip) // the bridge has cut off what is behind the packet
      view_.ethernet.network = view_.ip->packet;
    if (!is_out && is_accepted())
      go_through(Layer::ethernet);
    return std::move(result_);
  }

private:
  static Bytes seen_by_ethernet(const Packet &packet) {
    const bool is_fragment = packet.direction == Direction::out || packet.reassembled.empty();
    return Bytes(is_fragment ? packet.frame : packet.reassembled);
  }

  [[nodiscard]] bool is_accepted() const { return result_.verdict == VerdictKind::accept; }

  void drop_in_kernel(std::string why) {
    result_.verdict = VerdictKind::drop;
    result_.decided_by = nullptr;
    result_.kernel_drops = std::move(why);
  }

  void go_through(Layer layer) {
    const auto *root = program_.find(layer, packet_.direction, root_chain);
    if (root == nullptr)
      return;
    result_.layers.push_back({layer, {}, VerdictKind::accept});
    const auto verdict = go_through(*root);
    result_.layers.back().verdict = verdict == VerdictKind::return_to_caller ? VerdictKind::accept : verdict;
    result_.verdict = result_.layers.back().verdict;
  }

  /// What the chain says of the packet: accept, drop, reject, or return.
  VerdictKind go_through(const Chain &chain) {
    for (const auto &rule : chain.rules) {
      const auto verdict = meet(chain, rule);
      if (verdict != VerdictKind::continue_with_next)
        return verdict;
    }
    result_.decided_by = nullptr;
    return chain.end;
  }

  /// What the rule says, or that the packet goes on behind it.
  VerdictKind meet(const Chain &chain, const ProgramRule &rule) {
    RuleStep step{&chain, &rule, {}, {}};
    for (std::size_t i = 0; i < rule.matches.size() && !step.failed; ++i) {
      const auto outcome = explain::holds(rule.matches[i], rule, chain.layer, view_);
      if (outcome == Holds::drops) {
        drop_in_kernel(
            fmt::format("the match {} drops packets that it cannot read", info_of(rule.matches[i].field).name));
        return VerdictKind::drop;
      }
      if (outcome == Holds::no)
        step = {&chain, &rule, i, explain::actual_value(rule.matches[i], chain.layer, view_)};
    }
    result_.layers.back().steps.push_back(step);
    if (step.failed)
      return VerdictKind::continue_with_next;
    if (rule.verdict != VerdictKind::jump) {
      if (rule.verdict != VerdictKind::continue_with_next)
        result_.decided_by = &rule;
      return rule.verdict;
    }
    const auto *target = program_.find(chain.layer, chain.direction, rule.jump_target);
    const auto verdict = go_through(*target);
    return verdict == VerdictKind::return_to_caller ? VerdictKind::continue_with_next : verdict;
  }

  const Program &program_;
  const Packet &packet_;
  View view_;
  Explanation result_;
};

} // namespace

Explanation explain_packet(const ClosedProgram &program, const Packet &packet) { return Walk(program, packet).run(); }

} // namespace nwgate
