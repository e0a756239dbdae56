// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/ports.h"

#include <array>
#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::xtables::ip {
namespace {

using PortRange = Range<std::uint16_t>;
using Payload = ExpressionReader::Payload;

/// Where the ports stand, in TCP, UDP and SCTP alike.
constexpr Payload source_field{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2};
constexpr Payload destination_field{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2};
constexpr Payload both_fields{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 4};

std::array<std::uint8_t, 2> network_order(std::uint16_t port) {
  return {static_cast<std::uint8_t>(port >> 8U), static_cast<std::uint8_t>(port)};
}

std::uint16_t port_at(const std::vector<std::uint8_t> &data, std::size_t offset) {
  return static_cast<std::uint16_t>(data[offset] << 8U | data[offset + 1]);
}

/// Ranges that begin with port 0 are one comparison, all others a range expression.
bool is_up_to(const PortRange &ports) { return ports.first == 0 && ports.last > 0 && ports.last < 0xffff; }

/// Two plain ports share one load. iptables 1.8.9 does the same with two negated ports, but then the rule
/// matches as soon as one of them differs: those are written apart here, which the tool lists in the same
/// words.
bool share_a_load(const Ports &ports) {
  const auto plain = [](const PortTerm &port) {
    return port && !port->negated && port->value.first == port->value.last && port->value.first != 0;
  };
  return plain(ports.source) && plain(ports.destination);
}

void encode_port(const PortTerm &port, const Payload &field, ExpressionWriter &writer) {
  if (!port)
    return;
  const auto first = network_order(port->value.first);
  const auto last = network_order(port->value.last);
  writer.payload(field.base, field.offset, field.length);
  if (port->value.first == port->value.last)
    writer.compare(first, port->negated);
  else if (is_up_to(port->value))
    writer.relate(last, port->negated ? NFT_CMP_GT : NFT_CMP_LTE);
  else
    writer.range(first, last, port->negated);
}

/// The comparison behind a load of one port.
PortTerm decode_port(ExpressionReader &reader) {
  if (const auto range = reader.take_range()) {
    if (range->first.size() != 2 || range->last.size() != 2)
      return std::nullopt;
    const PortRange ports{port_at(range->first, 0), port_at(range->last, 0)};
    return ports.first != 0 && ports.first < ports.last ? PortTerm({ports, range->negated}) : std::nullopt;
  }
  const auto relation = reader.take_relation();
  if (!relation || relation->data.size() != 2)
    return std::nullopt;
  const auto port = port_at(relation->data, 0);
  switch (relation->operation) {
  case NFT_CMP_EQ:
  case NFT_CMP_NEQ:
    return Term<PortRange>{{port, port}, relation->operation == NFT_CMP_NEQ};
  case NFT_CMP_LTE:
  case NFT_CMP_GT:
    return is_up_to({0, port}) ? PortTerm({{0, port}, relation->operation == NFT_CMP_GT}) : std::nullopt;
  default:
    return std::nullopt;
  }
}

std::optional<Ports> decode_shared_load(ExpressionReader &reader) {
  const auto compare = reader.take_compare();
  if (!compare || compare->negated || compare->data.size() != 4)
    return std::nullopt;
  const auto source = port_at(compare->data, 0);
  const auto destination = port_at(compare->data, 2);
  const Ports ports{{{{source, source}, false}}, {{{destination, destination}, false}}};
  return share_a_load(ports) ? std::optional(ports) : std::nullopt;
}

std::string port_text(std::string_view option, const PortTerm &port) {
  if (!port)
    return {};
  const auto &[first, last] = port->value;
  return fmt::format(" {}{} {}", bang(port->negated), option,
                     first == last ? std::to_string(first) : fmt::format("{}:{}", first, last));
}

/// How the tools read a native comparison.
PortTerm as_listed(PortTerm port) {
  if (port && port->negated && is_up_to(port->value))
    return Term<PortRange>{{static_cast<std::uint16_t>(port->value.last + 1), 0xffff}, false};
  return port;
}

} // namespace

PortTerm without_every_port(const PortTerm &port) {
  return port && port->value == every_port && !port->negated ? std::nullopt : port;
}

Refusal check(const Ports &ports) {
  for (const auto *port : {&ports.source, &ports.destination}) {
    if (!*port)
      continue;
    const auto &[range, negated] = **port;
    if (range.first > range.last)
      return fmt::format("the ports {} to {} run backwards", range.first, range.last);
    if (range == every_port && negated)
      return "the negation of every port matches no packet";
  }
  return std::nullopt;
}

void encode_ports(const Ports &ports, ExpressionWriter &writer) {
  if (!share_a_load(ports)) {
    encode_port(ports.source, source_field, writer);
    encode_port(ports.destination, destination_field, writer);
    return;
  }
  const auto source = network_order(ports.source->value.first);
  const auto destination = network_order(ports.destination->value.first);
  writer.payload(both_fields.base, both_fields.offset, both_fields.length);
  writer.compare(std::array{source[0], source[1], destination[0], destination[1]}, false);
}

std::optional<Ports> decode_ports(ExpressionReader &reader) {
  if (reader.peek_payload() == both_fields) {
    reader.take_payload();
    return decode_shared_load(reader);
  }
  Ports ports;
  if (reader.peek_payload() == source_field) {
    reader.take_payload();
    ports.source = decode_port(reader);
    if (!ports.source)
      return std::nullopt;
  }
  if (reader.peek_payload() == destination_field) {
    reader.take_payload();
    ports.destination = decode_port(reader);
    if (!ports.destination)
      return std::nullopt;
  }
  return share_a_load(ports) ? std::nullopt : std::optional(ports);
}

std::string ports_text(const Ports &ports) {
  return port_text("--sport", ports.source) + port_text("--dport", ports.destination);
}

std::string native_ports_text(const Ports &ports) {
  return ports_text({as_listed(ports.source), as_listed(ports.destination)});
}

} // namespace nwgate::xtables::ip
