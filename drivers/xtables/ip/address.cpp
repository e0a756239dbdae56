// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/address.h"

#include <cstring>
#include <fmt/format.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::xtables::ip {
namespace {

struct Ipv4 {
  using Match = Ipv4Match;
  static constexpr auto family = Family::ip;
  static constexpr std::uint32_t source = offsetof(iphdr, saddr), destination = offsetof(iphdr, daddr);
};
struct Ipv6 {
  using Match = Ipv6Match;
  static constexpr auto family = Family::ip6;
  static constexpr std::uint32_t source = offsetof(ipv6hdr, saddr), destination = offsetof(ipv6hdr, daddr);
};

/// Masks of whole bytes are written as a shorter load.
std::optional<std::size_t> whole_bytes(Bytes mask) {
  const auto rest = std::ranges::find_if(mask, [](auto byte) { return byte != 0xff; });
  const bool whole = std::all_of(rest, mask.end(), [](auto byte) { return byte == 0; });
  return whole ? std::optional(static_cast<std::size_t>(rest - mask.begin())) : std::nullopt;
}

template <typename Kind>
Refusal encode_address(const typename Kind::Match &match, const Context &context, ExpressionWriter &writer) {
  const auto &[address, mask] = match.address.value;
  const auto text = [&] { return save_text(match, context.family); };
  if (context.family != Kind::family)
    return fmt::format("{} is of the other version of IP", address.to_string());
  if ((address & mask) != address)
    return fmt::format("{}: the address has bits outside of its mask", text());

  const auto length = whole_bytes(mask.bytes);
  if (length == 0U)
    return match.address.negated ? Refusal(text() + " matches no packet") : std::nullopt;
  const Bytes bytes(address.bytes);
  writer.payload(NFT_PAYLOAD_NETWORK_HEADER, match.side == Side::source ? Kind::source : Kind::destination,
                 static_cast<std::uint32_t>(length.value_or(bytes.size())));
  if (!length)
    writer.bitwise_and(mask.bytes);
  writer.compare(bytes.first(length.value_or(bytes.size())), match.address.negated);
  return std::nullopt;
}

template <typename Kind> std::optional<Match> decode_address_of(ExpressionReader &reader) {
  typename Kind::Match match;
  auto &[address, mask] = match.address.value;
  const auto payload = reader.take_payload();
  if (!payload || payload->base != NFT_PAYLOAD_NETWORK_HEADER ||
      (payload->offset != Kind::source && payload->offset != Kind::destination))
    return std::nullopt;
  match.side = payload->offset == Kind::source ? Side::source : Side::destination;

  const auto bits = reader.take_bitwise_and();
  const auto compare = reader.take_compare();
  const std::size_t length = payload->length;
  if (!compare || compare->data.size() != length || length == 0 || length > address.bytes.size())
    return std::nullopt;
  match.address.negated = compare->negated;
  std::memcpy(address.bytes.data(), compare->data.data(), length);

  if (!bits) {
    mask = mask.mask(static_cast<unsigned>(8 * length));
    return match;
  }
  if (bits->size() != mask.bytes.size() || length != mask.bytes.size() || whole_bytes(*bits))
    return std::nullopt;
  std::memcpy(mask.bytes.data(), bits->data(), bits->size());
  return (address & mask) == address ? std::optional<Match>(match) : std::nullopt;
}

template <typename M> std::string address_text(const M &match) {
  const auto &[address, mask] = match.address.value;
  const auto length = mask.prefix_length();
  if (length == 0U && !match.address.negated)
    return {};
  return fmt::format("{}-{} {}/{}", bang(match.address.negated), match.side == Side::source ? 's' : 'd',
                     address.to_string(), length ? std::to_string(*length) : mask.to_string());
}

} // namespace

Refusal encode(const Ipv4Match &match, const Context &context, ExpressionWriter &writer) {
  return encode_address<Ipv4>(match, context, writer);
}
Refusal encode(const Ipv6Match &match, const Context &context, ExpressionWriter &writer) {
  return encode_address<Ipv6>(match, context, writer);
}

std::optional<Match> decode_address(ExpressionReader &reader, Family family) {
  return family == Family::ip ? decode_address_of<Ipv4>(reader) : decode_address_of<Ipv6>(reader);
}

std::string save_text(const Ipv4Match &match, Family /*family*/) { return address_text(match); }
std::string save_text(const Ipv6Match &match, Family /*family*/) { return address_text(match); }

} // namespace nwgate::xtables::ip
