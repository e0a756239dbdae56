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

void add_metric(const std::vector<LabelledCounters> &all, const std::string &name, const std::string &help,
                std::uint64_t netlink::Counts::*number, std::string &out) {
  out += fmt::format("# HELP {} {}\n# TYPE {} counter\n", name, help, name);
  for (const auto &counters : all) {
    std::string labels;
    for (const auto &[label, value] : counters.labels)
      labels += fmt::format(R"({}="{}",)", label, escaped(value));
    const auto add = [&](const char *direction, const char *verdict, const netlink::Counts &counts) {
      fmt::format_to(std::back_inserter(out), R"({}{{{}direction="{}",verdict="{}"}} {})", name, labels, direction,
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

std::string prometheus_text(const std::string &prefix, const std::string &who,
                            const std::vector<LabelledCounters> &counters) {
  std::string text;
  add_metric(counters, prefix + "_packets_total",
             fmt::format("Packets that the {} sent (out) or would have received (in).", who), &netlink::Counts::packets,
             text);
  add_metric(counters, prefix + "_bytes_total", "The bytes of these packets, without the Ethernet header.",
             &netlink::Counts::bytes, text);
  return text;
}

std::string prometheus_text(const std::map<std::string, nftables::PortCounters> &ports) {
  std::vector<LabelledCounters> counters;
  counters.reserve(ports.size());
  for (const auto &[port, of_port] : ports)
    counters.push_back({{{"port", port}, {"filter", nftables::filter_of(of_port.program)}}, of_port.out, of_port.in});
  return prometheus_text("nwgate_port", "port's workload has", counters);
}

} // namespace nwgate
