// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/prometheus_text.h"

#include <fmt/format.h>
#include <iterator>

namespace nwgate {
namespace {

/// What stands between the quotes of a label.
std::string escaped(const std::string &text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"')
      out += '\\';
    out += c;
  }
  return out;
}

void add_metric(const std::map<std::string, nftables::PortCounters> &ports, const char *name, const char *help,
                std::uint64_t netlink::Counts::*number, std::string &out) {
  out += fmt::format("# HELP {} {}\n# TYPE {} counter\n", name, help, name);
  for (const auto &[port, counters] : ports) {
    const auto labels =
        fmt::format(R"(port="{}",filter="{}")", escaped(port), escaped(nftables::filter_of(counters.program)));
    const auto add = [&](const char *direction, const char *verdict, const netlink::Counts &counts) {
      fmt::format_to(std::back_inserter(out), R"({}{{{},direction="{}",verdict="{}"}} {})", name, labels, direction,
                     verdict, counts.*number);
      out += '\n';
    };
    add("out", "accepted", counters.out.accepted);
    add("out", "dropped", counters.out.dropped);
    add("in", "accepted", counters.in.accepted);
    add("in", "dropped", counters.in.dropped);
  }
}

} // namespace

std::string prometheus_text(const std::map<std::string, nftables::PortCounters> &ports) {
  std::string text;
  add_metric(ports, "nwgate_port_packets_total",
             "Packets that the port's workload has sent (out) or would have received (in).", &netlink::Counts::packets,
             text);
  add_metric(ports, "nwgate_port_bytes_total", "The bytes of these packets, without the Ethernet header.",
             &netlink::Counts::bytes, text);
  return text;
}

} // namespace nwgate
