// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/eb_stp.h"

#include "drivers/xtables/bridge/option_text.h"
#include "drivers/xtables/bridge/xt_info.h"

#include <linux/netfilter_bridge/ebt_stp.h>

namespace nwgate::xtables::bridge {
namespace {

/// Calls `visit` for each range of the match: its option, its bit, its term, and where the info has its ends.
template <typename Info, typename Match, typename Visit> void for_each_range(Info &info, Match &match, Visit visit) {
  auto &config = info.config;
  visit(EBT_STP_ROOTPRIO, match.root_priority, config.root_priol, config.root_priou);
  visit(EBT_STP_ROOTCOST, match.root_cost, config.root_costl, config.root_costu);
  visit(EBT_STP_SENDERPRIO, match.sender_priority, config.sender_priol, config.sender_priou);
  visit(EBT_STP_PORT, match.port, config.portl, config.portu);
  visit(EBT_STP_MSGAGE, match.message_age, config.msg_agel, config.msg_ageu);
  visit(EBT_STP_MAXAGE, match.max_age, config.max_agel, config.max_ageu);
  visit(EBT_STP_HELLOTIME, match.hello_time, config.hello_timel, config.hello_timeu);
  visit(EBT_STP_FWDD, match.forward_delay, config.forward_delayl, config.forward_delayu);
}

ebt_stp_info to_info(const EbStp &match) {
  auto info = zeroed<ebt_stp_info>();
  if (const auto *type = mark(info, EBT_STP_TYPE, match.type))
    info.type = *type;
  if (const auto *flags = mark(info, EBT_STP_FLAGS, match.flags))
    info.config.flags = *flags;
  if (const auto *root = mark(info, EBT_STP_ROOTADDR, match.root_address))
    store_masked(info.config.root_addr, info.config.root_addrmsk, *root);
  if (const auto *sender = mark(info, EBT_STP_SENDERADDR, match.sender_address))
    store_masked(info.config.sender_addr, info.config.sender_addrmsk, *sender);
  for_each_range(info, match, [&](unsigned bit, const auto &range, auto &first, auto &last) {
    if (const auto *value = mark(info, bit, range)) {
      first = value->first;
      last = value->last;
    }
  });
  return info;
}

EbStp from_info(const ebt_stp_info &info) {
  EbStp match;
  match.type = term(info, EBT_STP_TYPE, info.type);
  match.flags = term(info, EBT_STP_FLAGS, info.config.flags);
  match.root_address =
      term(info, EBT_STP_ROOTADDR, load_masked<MaskedMac>(info.config.root_addr, info.config.root_addrmsk));
  match.sender_address =
      term(info, EBT_STP_SENDERADDR, load_masked<MaskedMac>(info.config.sender_addr, info.config.sender_addrmsk));
  for_each_range(info, match, [&]<typename T>(unsigned bit, auto &range, const T &first, const T &last) {
    range = term(info, bit, Range<T>{first, last});
  });
  return match;
}

/// Configuration BPDUs and topology change notifications (IEEE 802.1D).
std::string type_text(std::uint8_t type) {
  switch (type) {
  case 0x00:
    return "config";
  case 0x80:
    return "tcn";
  default:
    return text_of(type);
  }
}

std::string flags_text(std::uint8_t flags) {
  switch (flags) {
  case 0x01:
    return "topology-change";
  case 0x80:
    return "topology-change-ack";
  default:
    return text_of(flags);
  }
}

} // namespace

std::optional<std::string> encode(const EbStp &match, ExpressionWriter &writer) {
  if (match == EbStp{})
    return "an stp match of nothing";
  writer.match(EBT_STP_MATCH, 0, bytes_of(to_info(match)));
  return std::nullopt;
}

std::optional<EbStp> decode_eb_stp(const ExpressionReader::XtInfo &xt) {
  return decode_exactly(xt, from_info, to_info);
}

std::string save_text(const EbStp &match) {
  std::string text;
  add_option(text, "--stp-type", match.type, type_text);
  add_option(text, "--stp-flags", match.flags, flags_text);
  add_option(text, "--stp-root-prio", match.root_priority);
  add_option(text, "--stp-root-addr", match.root_address);
  add_option(text, "--stp-root-cost", match.root_cost);
  add_option(text, "--stp-sender-prio", match.sender_priority);
  add_option(text, "--stp-sender-addr", match.sender_address);
  add_option(text, "--stp-port", match.port);
  add_option(text, "--stp-msg-age", match.message_age);
  add_option(text, "--stp-max-age", match.max_age);
  add_option(text, "--stp-hello-time", match.hello_time);
  add_option(text, "--stp-forward-delay", match.forward_delay);
  return text;
}

} // namespace nwgate::xtables::bridge
