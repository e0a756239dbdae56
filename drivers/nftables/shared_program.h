// SPDX-License-Identifier: LGPL-2.1-or-later
/// Divides what ports have in common, the rules, from what each has for itself, the values.
#pragma once

#include "drivers/nftables/lookups.h"
#include "engine/base/diagnostics.h"
#include "engine/resolve/limits.h"
#include "engine/values/binding_values.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::nftables {

/// Where the kernel can look at a port's packets.
enum class Attachment : std::uint8_t {
  /// At the hooks of the bridge, and of the IP families by br_netfilter. So are ports whose device does not exist yet.
  bridge,
  /// At the hooks of the bridge alone, where connections are tracked.
  bridge_conntrack,
  /// At the hooks of the device itself, and of the IP families that route its packets.
  routed,
  /// At the hooks of the device itself.
  device,
  /// The same, of a macvtap: what the workload sends is what the device sends.
  macvtap,
  /// Where sockets send and receive.
  cgroup,
};

/// By what the kernel knows a cgroup from a packet's socket.
struct CgroupPlace {
  /// By the class id of net_cls, else by the id of cgroup v2.
  bool by_classid = false;
  /// Of cgroup v2: below the root, which is at level 0.
  std::uint32_t level = 0;

  /// `level-2`, `classid`: a part of the names of chains and sets.
  [[nodiscard]] std::string name() const;
  auto operator<=>(const CgroupPlace &) const = default;
};

/// A set's elements without the port in front: the parts of the key; with intervals, the parts of the key's end too.
/// Sorted, without repetitions.
using KeyTails = std::vector<std::vector<std::uint8_t>>;

/// A program as it stands in the kernel, once for all ports whose values it does not depend on.
struct SharedProgram {
  /// The top filter's name; behind it `/v` and sixteen digits when some rules are written out with values.
  std::string name;
  /// For ports whose device sends what the workload sends.
  bool is_macvtap = false;
  /// For cgroups there that have these values.
  std::optional<CgroupPlace> cgroups = {};
  /// Of cgroups: one for each lookup. Their sets hold nothing else.
  std::vector<KeyTails> values = {};
  /// Rules that are written out have no slots.
  Program program;
  ProgramLookups lookups;
};

/// The same rules under a name of their own, for ports that must not wait for the others of the filter.
std::shared_ptr<const SharedProgram> edition_of(const SharedProgram &program);

/// The same rules for a macvtap.
std::shared_ptr<const SharedProgram> macvtap_of(const SharedProgram &program);

/// What one port, or cgroup, needs.
struct PortProgram {
  /// The name of its binding.
  std::string port;
  Attachment attachment = Attachment::bridge;
  std::shared_ptr<const SharedProgram> program;
  /// One for each lookup of the program.
  std::vector<KeyTails> values;
};

/// The name of the program that cgroups at that place have in common when they have the same values as well.
std::string cgroups_program_name(const PortProgram &cgroup, const CgroupPlace &place);
/// The place in such a name; nothing if it is another.
std::optional<CgroupPlace> place_in_name(const std::string &program);
/// The program of that name.
std::shared_ptr<const SharedProgram> cgroups_program(const PortProgram &cgroup, const CgroupPlace &place);

/// The shared programs of one resolved program.
class ProgramSharing {
public:
  /// Views `program`, which must stay. Rules of which there are at most `most_copies` with the values of a binding are
  /// written out: a packet passes a few comparisons faster than it is looked up.
  explicit ProgramSharing(const Program &program, std::size_t most_copies = 0);

  /// The program and the values of a port. What close() would report is reported; nothing is returned then.
  std::optional<PortProgram> bind(const std::string &port, const BindingValues &values, const ResolveLimits &limits,
                                  Diagnostics &diagnostics);

private:
  struct Values;
  std::optional<Values> evaluate(const BindingValues &values) const;
  /// Whether a slot has no values, so that the rule stands no time, but no lookup of the rule would tell.
  [[nodiscard]] bool matches_without_values(const ProgramRule &rule, const RulePlan &plan, const Values &values) const;
  /// How often the rule stands there when it is written out.
  [[nodiscard]] std::size_t copies(const ProgramRule &rule, const Values &values) const;
  /// The rules that are written out with these values.
  [[nodiscard]] std::vector<std::vector<bool>> spelled_out(const Values &values) const;
  std::shared_ptr<const SharedProgram> variant(const std::string &port, const BindingValues &values,
                                               const std::vector<std::vector<bool>> &spelled_out,
                                               const ResolveLimits &limits, Diagnostics &diagnostics);

  const Program &program_;
  std::size_t most_copies_;
  std::shared_ptr<const SharedProgram> base_;
  /// Every slot of the program, each once, with a rule that has it.
  std::vector<std::pair<const Slot *, const ProgramRule *>> slots_;
  /// By name.
  std::map<std::string, std::shared_ptr<const SharedProgram>> variants_;
};

} // namespace nwgate::nftables
