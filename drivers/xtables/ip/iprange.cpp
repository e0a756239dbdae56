// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/iprange.h"

#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>

#include <linux/netfilter/xt_iprange.h>

namespace nwgate::xtables::ip {
namespace {

template <typename Address> using OptionalRange = std::optional<Term<Range<Address>>>;

template <typename Address>
void put(const OptionalRange<Address> &range, nf_inet_addr &first, nf_inet_addr &last, std::uint8_t &flags,
         unsigned present, unsigned inverted) {
  if (!range)
    return;
  std::memcpy(&first, range->value.first.bytes.data(), range->value.first.bytes.size());
  std::memcpy(&last, range->value.last.bytes.data(), range->value.last.bytes.size());
  flags = static_cast<std::uint8_t>(flags | present | (range->negated ? inverted : 0U));
}

template <typename Address>
void get(OptionalRange<Address> &range, const nf_inet_addr &first, const nf_inet_addr &last, bool present,
         bool inverted) {
  if (!present)
    return;
  range.emplace();
  std::memcpy(range->value.first.bytes.data(), &first, range->value.first.bytes.size());
  std::memcpy(range->value.last.bytes.data(), &last, range->value.last.bytes.size());
  range->negated = inverted;
}

template <typename M> Encoded<xt_iprange_mtinfo> info_of(const M &match) {
  if (!match.source && !match.destination)
    return refuse("a match for a range of addresses without any range");
  XtBuffer<xt_iprange_mtinfo> info;
  put(match.source, info->src_min, info->src_max, info->flags, IPRANGE_SRC, IPRANGE_SRC_INV);
  put(match.destination, info->dst_min, info->dst_max, info->flags, IPRANGE_DST, IPRANGE_DST_INV);
  return info;
}

template <typename M> std::optional<Match> decode_range(const XtBuffer<xt_iprange_mtinfo> &info) {
  M match;
  const auto flag = [&](unsigned bit) { return (info->flags & bit) != 0; };
  get(match.source, info->src_min, info->src_max, flag(IPRANGE_SRC), flag(IPRANGE_SRC_INV));
  get(match.destination, info->dst_min, info->dst_max, flag(IPRANGE_DST), flag(IPRANGE_DST_INV));
  return if_exact(match, info, info_of(match));
}

template <typename Address> std::string range_text(std::string_view option, const OptionalRange<Address> &range) {
  if (!range)
    return {};
  return fmt::format(" {}{} {}-{}", bang(range->negated), option, range->value.first.to_string(),
                     range->value.last.to_string());
}

template <typename M> std::string ranges_text(const M &match) {
  return "-m iprange" + range_text("--src-range", match.source) + range_text("--dst-range", match.destination);
}

template <typename M> Refusal write(const M &match, bool same_family, ExpressionWriter &writer) {
  if (!same_family)
    return "a range of addresses of the other version of IP";
  return write_match(writer, "iprange", 1, info_of(match));
}

} // namespace

Refusal encode(const Ipv4Range &match, const Context &context, ExpressionWriter &writer) {
  return write(match, context.family == Family::ip, writer);
}
Refusal encode(const Ipv6Range &match, const Context &context, ExpressionWriter &writer) {
  return write(match, context.family == Family::ip6, writer);
}

std::optional<Match> decode_iprange(const XtInfo &xt, const Context &context) {
  const auto info = XtBuffer<xt_iprange_mtinfo>::from(xt.info);
  if (!info)
    return std::nullopt;
  return context.family == Family::ip ? decode_range<Ipv4Range>(*info) : decode_range<Ipv6Range>(*info);
}

std::string save_text(const Ipv4Range &match, Family /*family*/) { return ranges_text(match); }
std::string save_text(const Ipv6Range &match, Family /*family*/) { return ranges_text(match); }

} // namespace nwgate::xtables::ip
