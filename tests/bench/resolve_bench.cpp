// SPDX-License-Identifier: LGPL-2.1-or-later
// What it costs to make closed programs: libvirt's 24 filters, each resolved and closed for 1,000 bindings.
//
// Below a second in total on one core is the aim. `bytes_per_binding` is what the heap holds for one closed program.

#include "engine/resolve/resolve.h"
#include "engine/values/close.h"
#include "tests/support/documents.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

namespace {

using namespace nwgate;

constexpr std::array filter_names = {"allow-arp",
                                     "allow-dhcp",
                                     "allow-dhcp-server",
                                     "allow-dhcpv6",
                                     "allow-dhcpv6-server",
                                     "allow-incoming-ipv4",
                                     "allow-incoming-ipv6",
                                     "allow-ipv4",
                                     "allow-ipv6",
                                     "clean-traffic",
                                     "clean-traffic-gateway",
                                     "no-arp-ip-spoofing",
                                     "no-arp-mac-spoofing",
                                     "no-arp-spoofing",
                                     "no-ip-multicast",
                                     "no-ip-spoofing",
                                     "no-ipv6-multicast",
                                     "no-ipv6-spoofing",
                                     "no-mac-broadcast",
                                     "no-mac-spoofing",
                                     "no-other-l2-traffic",
                                     "no-other-rarp-traffic",
                                     "qemu-announce-self",
                                     "qemu-announce-self-rarp"};
constexpr int bindings = 1000;

/// Values of its own for each number.
Binding binding_of(const char *filter, int number) {
  Binding binding;
  binding.port = fmt::format("vnet{}", number);
  binding.mac = {{0x02, 0, 0, 0, static_cast<std::uint8_t>(number / 256), static_cast<std::uint8_t>(number % 256)}};
  binding.filter.filter = filter;
  const auto low = fmt::format("{}.{}", number / 256, number % 256);
  binding.filter.parameters = {
      {"IP", "10.0." + low, {}},
      {"IP", "10.1." + low, {}},
      {"IPV6", fmt::format("2001:db8::{:x}", number), {}},
      {"DHCPSERVER", "10.2." + low, {}},
      {"GATEWAY_MAC", fmt::format("02:00:00:01:{:02x}:{:02x}", number / 256, number % 256), {}}};
  // The two filters of DHCP use one name for an IPv4 and an IPv6 address.
  if (binding.filter.filter == "allow-dhcpv6-server")
    binding.filter.parameters[3].value = fmt::format("2001:db8:1::{:x}", number);
  return binding;
}

/// Reads the filters once, before time is measured.
test::FilterFolders &filters() {
  static test::FilterFolders folders({NWG_SHIPPED_FILTERS});
  return folders;
}

ClosedProgram compiled(const Binding &binding) {
  Diagnostics diagnostics;
  auto closed = test::compile(binding, filters(), diagnostics);
  if (!closed)
    throw std::runtime_error(test::text_of(diagnostics));
  return std::move(*closed);
}

void all_filters(benchmark::State &state) {
  for (const auto *filter : filter_names)
    (void)compiled(binding_of(filter, 0));
  for ([[maybe_unused]] const auto round : state)
    for (const auto *filter : filter_names)
      for (int number = 0; number < bindings; ++number)
        benchmark::DoNotOptimize(compiled(binding_of(filter, number)));
  state.counters["bindings"] = static_cast<double>(filter_names.size()) * bindings;
}
BENCHMARK(all_filters)->Unit(benchmark::kMillisecond);

void one_filter(benchmark::State &state, const char *filter) {
  (void)compiled(binding_of(filter, 0));
  const auto before = mallinfo2().uordblks;
  std::vector<ClosedProgram> held;
  for (int number = 0; number < bindings; ++number)
    held.push_back(compiled(binding_of(filter, number)));
  state.counters["bytes_per_binding"] = static_cast<double>(mallinfo2().uordblks - before) / bindings;
  int number = 0;
  for ([[maybe_unused]] const auto round : state)
    benchmark::DoNotOptimize(compiled(binding_of(filter, number++ % bindings)));
}
BENCHMARK_CAPTURE(one_filter, clean_traffic, "clean-traffic")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_filter, no_ip_spoofing, "no-ip-spoofing")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_filter, allow_arp, "allow-arp")->Unit(benchmark::kMicrosecond);

} // namespace

BENCHMARK_MAIN();
