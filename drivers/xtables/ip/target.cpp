// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/target.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>

namespace nwgate::xtables::ip {
namespace {

/// struct ip6t_reject_info is the same, with numbers of its own.
XtBuffer<ipt_reject_info> reject_info(Family family) {
  XtBuffer<ipt_reject_info> info;
  static_assert(sizeof(ipt_reject_info) == sizeof(ip6t_reject_info));
  const std::uint32_t with = family == Family::ip ? +IPT_ICMP_PORT_UNREACHABLE : +IP6T_ICMP6_PORT_UNREACH;
  info->with = static_cast<ipt_reject_with>(with);
  return info;
}

struct Writer {
  ExpressionWriter &out;
  Family family;

  Refusal operator()(Verdict verdict) const {
    switch (verdict) {
    case Verdict::accept:
      out.verdict(NF_ACCEPT);
      break;
    case Verdict::drop:
      out.verdict(NF_DROP);
      break;
    case Verdict::return_to_caller:
      out.verdict(NFT_RETURN);
      break;
    }
    return std::nullopt;
  }
  Refusal operator()(const Jump &jump) const {
    if (jump.chain.empty())
      return "a jump to a chain without a name";
    out.verdict(jump.go_to ? NFT_GOTO : NFT_JUMP, jump.chain);
    return std::nullopt;
  }
  Refusal operator()(const Reject & /*reject*/) const {
    out.target("REJECT", 0, reject_info(family).bytes());
    return std::nullopt;
  }
  Refusal operator()(const Continue & /*target*/) const { return std::nullopt; }
};

struct Text {
  Family family;

  std::string operator()(Verdict verdict) const {
    switch (verdict) {
    case Verdict::accept:
      return "-j ACCEPT";
    case Verdict::drop:
      return "-j DROP";
    case Verdict::return_to_caller:
      return "-j RETURN";
    }
    return {};
  }
  std::string operator()(const Jump &jump) const { return (jump.go_to ? "-g " : "-j ") + jump.chain; }
  std::string operator()(const Reject & /*reject*/) const {
    return family == Family::ip ? "-j REJECT --reject-with icmp-port-unreachable"
                                : "-j REJECT --reject-with icmp6-port-unreachable";
  }
  std::string operator()(const Continue & /*target*/) const { return {}; }
};

std::optional<Target> target_of(const ExpressionReader::VerdictInfo &info) {
  const bool to_chain = info.verdict == NFT_JUMP || info.verdict == NFT_GOTO;
  if (to_chain == info.chain.empty())
    return std::nullopt;
  switch (info.verdict) {
  case NF_ACCEPT:
    return Verdict::accept;
  case NF_DROP:
    return Verdict::drop;
  case NFT_RETURN:
    return Verdict::return_to_caller;
  case NFT_JUMP:
  case NFT_GOTO:
    return Jump{info.chain, info.verdict == NFT_GOTO};
  default:
    return std::nullopt;
  }
}

} // namespace

Refusal encode_target(const Target &target, Family family, ExpressionWriter &writer) {
  return std::visit(Writer{writer, family}, target);
}

std::optional<Target> decode_target(ExpressionReader &reader, Family family) {
  std::optional<Target> target;
  if (reader.at_end())
    return Continue{};
  if (const auto verdict = reader.take_verdict()) {
    target = target_of(*verdict);
  } else if (const auto xt = reader.take_target()) {
    const auto info = XtBuffer<ipt_reject_info>::from(xt->info);
    if (xt->name == "REJECT" && xt->revision == 0 && info == reject_info(family))
      target = Reject{};
  }
  return reader.at_end() ? target : std::nullopt;
}

std::string save_text(const Target &target, Family family) { return std::visit(Text{family}, target); }

} // namespace nwgate::xtables::ip
