// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/tcp.h"

#include "drivers/xtables/ip/ports.h"

#include <array>
#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/in.h>

namespace nwgate::xtables::ip {
namespace {

/// The byte of the TCP header with the flags.
constexpr ExpressionReader::Payload flags_field{NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1};
/// From the lowest bit on. The tools know no others.
constexpr std::array<std::string_view, 6> flag_names{"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
constexpr unsigned known_flags = 0x3f;

/// Without the conditions that every packet meets: the tools drop them.
Tcp normalized(Tcp match) {
  match.source_port = without_every_port(match.source_port);
  match.destination_port = without_every_port(match.destination_port);
  if (match.flags == Term<TcpFlags>{})
    match.flags.reset();
  return match;
}

bool is_native(const Tcp &match) {
  return !match.option && (match.source_port || match.destination_port || match.flags);
}

Ports ports_of(const Tcp &match) { return {match.source_port, match.destination_port}; }

/// For a normalized match. iptables 1.8.9 would write flags without a mask as no condition.
Refusal check(const Tcp &match) {
  if (match.flags) {
    const auto &[mask, compare] = match.flags->value;
    if (((mask | compare) & ~known_flags) != 0 || mask == 0)
      return fmt::format("the TCP flags {:#x} of {:#x} cannot be listed", compare, mask);
  }
  if (match.option && match.option->value == 0)
    return "there is no TCP option 0";
  return check(ports_of(match));
}

void put(const PortTerm &port, std::uint16_t *range, std::uint8_t &inverted, unsigned bit) {
  range[0] = port ? port->value.first : every_port.first;
  range[1] = port ? port->value.last : every_port.last;
  if (port && port->negated)
    inverted = static_cast<std::uint8_t>(inverted | bit);
}

Encoded<xt_tcp> info_of(const Tcp &match) {
  if (auto refusal = check(match))
    return refuse(*refusal);
  XtBuffer<xt_tcp> info;
  put(match.source_port, info->spts, info->invflags, XT_TCP_INV_SRCPT);
  put(match.destination_port, info->dpts, info->invflags, XT_TCP_INV_DSTPT);
  if (match.flags) {
    info->flg_mask = match.flags->value.mask;
    info->flg_cmp = match.flags->value.compare;
    if (match.flags->negated)
      info->invflags |= XT_TCP_INV_FLAGS;
  }
  if (match.option) {
    info->option = match.option->value;
    if (match.option->negated)
      info->invflags |= XT_TCP_INV_OPTION;
  }
  return info;
}

void encode_native(const Tcp &match, ExpressionWriter &writer) {
  if (match.flags) {
    writer.payload(flags_field.base, flags_field.offset, flags_field.length);
    writer.bitwise_and(Bytes(&match.flags->value.mask, 1));
    writer.compare(Bytes(&match.flags->value.compare, 1), match.flags->negated);
  }
  encode_ports(ports_of(match), writer);
}

std::string names_of(unsigned flags) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < flag_names.size(); ++i)
    if ((flags >> i & 1U) != 0)
      names.push_back(flag_names[i]);
  return names.empty() ? "NONE" : fmt::format("{}", fmt::join(names, ","));
}

} // namespace

Refusal encode(const Tcp &original, const Context &context, ExpressionWriter &writer) {
  const auto match = normalized(original);
  if (!is_native(match))
    return write_match(writer, "tcp", 0, info_of(match));
  if (auto refusal = check(match))
    return refusal;
  if (context.protocol != IPPROTO_TCP)
    return "a match for the ports or flags of TCP needs -p tcp";
  encode_native(match, writer);
  return std::nullopt;
}

std::optional<Match> decode_tcp(const XtInfo &xt, const Context & /*context*/) {
  const auto buffer = XtBuffer<xt_tcp>::from(xt.info);
  if (!buffer)
    return std::nullopt;
  const auto &info = *buffer->operator->();
  const auto inverted = [&](unsigned bit) { return (info.invflags & bit) != 0; };
  Tcp match;
  match.source_port = {{info.spts[0], info.spts[1]}, inverted(XT_TCP_INV_SRCPT)};
  match.destination_port = {{info.dpts[0], info.dpts[1]}, inverted(XT_TCP_INV_DSTPT)};
  match.flags = {{info.flg_mask, info.flg_cmp}, inverted(XT_TCP_INV_FLAGS)};
  if (info.option != 0)
    match.option = {info.option, inverted(XT_TCP_INV_OPTION)};
  match = normalized(match);
  return is_native(match) ? std::nullopt : if_exact(match, *buffer, info_of(match));
}

std::optional<Match> decode_native_tcp(ExpressionReader &reader) {
  Tcp match;
  if (reader.peek_payload() == flags_field) {
    reader.take_payload();
    const auto mask = reader.take_bitwise_and();
    const auto compare = reader.take_compare();
    if (!mask || mask->size() != 1 || !compare || compare->data.size() != 1)
      return std::nullopt;
    match.flags = {{(*mask)[0], compare->data[0]}, compare->negated};
  }
  const auto ports = decode_ports(reader);
  if (!ports)
    return std::nullopt;
  match.source_port = ports->source;
  match.destination_port = ports->destination;
  return is_native(match) && !check(match) ? std::optional<Match>(match) : std::nullopt;
}

std::string save_text(const Tcp &original, Family /*family*/) {
  const auto match = normalized(original);
  std::string text = "-m tcp";
  text += is_native(match) ? native_ports_text(ports_of(match)) : ports_text(ports_of(match));
  if (match.option)
    text += fmt::format(" {}--tcp-option {}", bang(match.option->negated), match.option->value);
  if (match.flags)
    text += fmt::format(" {}--tcp-flags {} {}", bang(match.flags->negated), names_of(match.flags->value.mask),
                        names_of(match.flags->value.compare));
  return text;
}

} // namespace nwgate::xtables::ip
