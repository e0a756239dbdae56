// SPDX-License-Identifier: LGPL-2.1-or-later
/// The program nwgate, with a directory of its own for everything that it reads and keeps.
#pragma once

#include "program.h"

#include "engine/net/layer.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nwgate::packets {

/// The workload's MAC address in every binding, unless said otherwise.
constexpr auto bound_mac = "52:54:00:00:00:0a";

/// Lets the fence of a wire pass, in both directions: a rule for every filter that is bound.
constexpr auto fence_rule =
    "<rule action='accept' direction='inout' priority='-1000'><mac protocolid='0x88b5'/></rule>";

/// A rule as the kernel holds it.
struct KernelRule {
  /// `bridge nat`, `ip filter`, `ip6 filter`.
  std::string table;
  std::string chain;
  std::string text;
  std::string verdict;
  /// `FILTER.xml:LINE:COLUMN`.
  std::string place;
  std::uint64_t packets = 0;

  /// It stands in the layer's root chain for that direction, in either layout. An IP layer has two of `out` in the
  /// layout xtables: for what is forwarded, and for what the host gets.
  [[nodiscard]] bool is_in_root(bool ip_layer, Direction direction) const;
  /// It comes from this line of this filter.
  [[nodiscard]] bool is_from(const std::string &filter, int line) const {
    return place.starts_with(filter + ".xml:" + std::to_string(line) + ":");
  }
};

using Parameters = std::vector<std::pair<std::string, std::string>>;

class Engine {
public:
  Engine();
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;
  ~Engine();

  /// Puts a filter into the administrator's directory.
  void write_filter(const std::string &name, const std::string &document) const;
  /// The same, of a root filter with these rules, of which each takes a line: the first is in line 2.
  void write_rules(const std::string &name, const std::vector<std::string> &rules) const;

  [[nodiscard]] std::string filter_path(const std::string &name) const;

  /// Runs nwgate.
  [[nodiscard]] Outcome command(std::vector<std::string> arguments) const;
  [[nodiscard]] Outcome bind(const std::string &port, const std::string &filter,
                             const Parameters &parameters = {}) const;
  void must_bind(const std::string &port, const std::string &filter, const Parameters &parameters = {}) const;
  /// Writes a filter called `test` of these rules, with the fence's in line 2 in front of them, and binds v0 to it.
  void bind_rules(std::vector<std::string> rules, const Parameters &parameters = {}) const;
  /// Binds v0 to a filter that is there already, in a `test` that lets the fence pass.
  void bind_with_fence(const std::string &filter, const Parameters &parameters = {}) const;
  void unbind(const std::string &port) const;

  /// All rules of a port, and the links to its chains.
  [[nodiscard]] std::vector<KernelRule> rules(const std::string &port) const;
  /// The packets that a rule of `test` has matched in a layer's root chain: all kernel rules that were made of its
  /// line.
  [[nodiscard]] std::uint64_t count_in_ethernet_layer(Direction direction, int line) const;
  [[nodiscard]] std::uint64_t count_in_ip_layer(Direction direction, int line) const;

  /// `nftables` or `xtables`: NWG_LAYOUT, by default the former.
  [[nodiscard]] const std::string &layout() const { return layout_; }
  /// From the next command on.
  void set_layout(const std::string &layout) { layout_ = layout; }

private:
  std::string root_;
  std::string layout_;
};

} // namespace nwgate::packets
