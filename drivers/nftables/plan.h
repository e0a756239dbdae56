// SPDX-License-Identifier: LGPL-2.1-or-later
/// What has to change in the kernel: decided purely, then committed in one transaction.
#pragma once

#include "drivers/netlink/transaction.h"
#include "drivers/nftables/kernel_state.h"
#include "drivers/nftables/layout.h"
#include "drivers/nftables/port_counters.h"
#include "engine/base/diagnostics.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nwgate::nftables {

/// A cgroup, by what the kernel knows it.
struct CgroupKey {
  CgroupPlace place;
  /// The id of cgroup v2, or the class id.
  std::uint64_t id = 0;
};

/// A cgroup that is there, with a program for its place.
struct PlacedCgroup {
  PortProgram program;
  std::uint64_t id = 0;
  /// What it has counted elsewhere. If the kernel has nothing of it yet, its elements go on from that.
  DirectionCounters counted_out = {}, counted_in = {};
};

struct DesiredCgroups {
  std::vector<PlacedCgroup> cgroups;
  /// These keep what they have: their documents are broken at the moment.
  std::vector<CgroupKey> untouched;
  /// All that are not in `cgroups` or `leaving` keep what they have.
  bool named_only = false;
  /// These shall have nothing.
  std::vector<CgroupKey> leaving;
};

/// What should be there.
struct Desired {
  struct Port {
    PortProgram program;
    /// The index of the network device of that name, if there is one now.
    std::optional<std::uint32_t> device;
  };
  std::vector<Port> ports;
  /// What cgroups should have. Nothing if the plan is not about cgroups.
  std::optional<DesiredCgroups> cgroups;
  /// Ports that shall have nothing.
  std::vector<std::string> leaving;
  /// Ports that keep what they have, whatever that is: their documents are broken at the moment.
  std::set<std::string> untouched;
  Options options;
  /// Whether there is a network device of this index.
  bool (*is_device)(std::uint32_t index) = nullptr;
};

/// How much of the kernel a plan decides about.
enum class Scope : std::uint8_t {
  /// The ports that are named.
  named_ports,
  /// All ports: what is not desired goes.
  everything,
};

/// One change. Those of one kind stand in the order in which they can be made.
struct Operation {
  enum class Kind : std::uint8_t {
    add_table,
    wake_table,
    delete_table,
    add_chain,
    delete_chain,
    flush_chain,
    add_rule,
    replace_rule,
    delete_rule,
    add_set,
    delete_set,
    add_elements,
    delete_elements,
    add_verdict,
    delete_verdict,
  };
  Kind kind{};
  netlink::Family family{};
  /// The chain or set.
  std::string name;
  std::optional<ProgramId> program;
  /// Whose own chain it is.
  std::string port;
  netlink::RuleContent rule;
  std::shared_ptr<const Origin> origin;
  std::uint64_t handle = 0;
  netlink::Position position = netlink::Position::append();
  std::optional<netlink::BaseChain> base;
  netlink::SetSpec spec;
  netlink::Elements elements;
  /// Of elements that are added: what they have counted so far, in their order; those behind its end nothing.
  std::vector<netlink::Counts> element_counts;
  netlink::VerdictElement verdict;
  /// Of a verdict that is added: the same.
  netlink::Counts counts;
  /// What is taken away does not bear our mark.
  bool foreign = false;
};

struct Plan {
  std::vector<Operation> operations;
  netlink::GenerationId generation = 0;
};

/// What the kernel knows of a port.
struct KnownPort {
  std::string program;
  /// 0 without one.
  std::uint32_t mark = 0;
};

/// What a plan has to know of the world beside the state.
struct PlanContext {
  Scope scope = Scope::everything;
  /// The elements of all sets were read. Without, ports are only added, and `known_ports` is empty.
  bool elements_read = true;
  /// The ports that the kernel has.
  std::map<std::string, KnownPort> known_ports;
  /// Whether a port's mark is taken, asked only while elements are not read.
  std::function<bool(std::uint32_t mark)> is_taken;
};

/// The ports that the state's elements tell of.
std::map<std::string, KnownPort> ports_in(const KernelState &state);

/// Compares what is desired with what is there. Rules that stay keep their handles and counters. Rules that cannot be
/// expressed are reported, with the ports that have them in `at_fault`; nothing is returned then.
std::optional<Plan> make_plan(const Desired &desired, const KernelState &state, const PlanContext &context,
                              const xtables::SetIndex &sets, Diagnostics &diagnostics, std::set<std::string> &at_fault);

/// Commits the plan as one batch. The first refusal is reported at the rule's place in the documents; `refused` is its
/// operation.
Result<netlink::Commit> commit(const Plan &plan, netlink::Channel &channel, Diagnostics &diagnostics,
                               const Operation **refused);

} // namespace nwgate::nftables
