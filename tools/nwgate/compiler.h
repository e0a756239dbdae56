// SPDX-License-Identifier: LGPL-2.1-or-later
/// The pipeline from a binding to what is committed for its port. A filter is resolved once, however many bindings have
/// it.
#pragma once

#include "drivers/bpf/attach.h"
#include "drivers/link/devices.h"
#include "drivers/nftables/shared_program.h"
#include "drivers/xtables/ruleset.h"
#include "engine/values/close.h"
#include "tools/nwgate/session.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>

namespace nwgate {

/// A binding in the layout of the settings.
struct CompiledPort {
  std::string port;
  /// The index of the port's device, if there is one; not asked for in the layout xtables.
  std::optional<std::uint32_t> device;
  std::variant<std::shared_ptr<const xtables::PortRuleset>, nftables::PortProgram> rules;

  [[nodiscard]] bool has_layer(Layer layer) const;
};

/// A cgroup's binding, compiled.
struct CompiledCgroup {
  CgroupName name;
  /// Without a place yet: the rules are the same wherever it is.
  nftables::PortProgram program;
  /// What the backend BPF attaches, if it is chosen; the kernel's nf_tables have nothing then.
  std::optional<bpf::CgroupFilter> filter;
  std::chrono::nanoseconds filter_time{};
  /// In the layout xtables, in the place of `program`.
  std::shared_ptr<const ClosedProgram> closed;
};

/// The rules of a cgroup in the layout xtables, wherever it is: its number, which only the kernel tells, is 0. What the
/// layout cannot express is reported.
std::optional<xtables::PortRuleset> cgroup_ruleset(const ClosedProgram &program, const CgroupName &name,
                                                   Diagnostics &diagnostics);

class Compiler {
public:
  explicit Compiler(Session &session) : session_(session) {}

  /// Nothing when there is an error, which is in the diagnostics.
  std::optional<ClosedProgram> close(const Binding &binding, Diagnostics &diagnostics);
  /// The port's rules, in the layout of the settings. What that layout cannot express is reported.
  std::optional<CompiledPort> compile(const Binding &binding, Diagnostics &diagnostics);
  std::optional<xtables::PortRuleset> compile_xtables(const Binding &binding, Diagnostics &diagnostics);
  std::optional<CompiledPort> compile_nftables(const Binding &binding, Diagnostics &diagnostics);
  /// The rules of a cgroup's binding; what they cannot ask of a socket's packets is reported.
  std::optional<CompiledCgroup> compile_cgroup(const Binding &binding, Diagnostics &diagnostics);
  /// The program for cgroups at a place that have the same values; one for all that share it.
  std::shared_ptr<const nftables::SharedProgram> at_place(const nftables::PortProgram &cgroup,
                                                          const nftables::CgroupPlace &place);
  /// The program with its slots; nullptr when the filter cannot be resolved.
  const Program *program(const FilterRef &reference, Diagnostics &diagnostics);
  /// The filters that a top filter leads to, itself included. Empty before program() was asked for it.
  [[nodiscard]] const std::set<std::string> &filters_of(const std::string &top);

private:
  struct Resolved {
    std::optional<Program> program;
    std::set<std::string> filters;
    Diagnostics diagnostics;
    std::unique_ptr<nftables::ProgramSharing> sharing;
    /// Of cgroups, which share values, too: short lists are written out.
    std::unique_ptr<nftables::ProgramSharing> cgroup_sharing;
  };
  Resolved &resolve_once(const FilterRef &reference);
  std::optional<CompiledCgroup> compile_cgroup_xtables(const Binding &binding, Diagnostics &diagnostics);
  /// The programs of the backend BPF, if the binding asks for it, or leaves it open and it can be used. False if it
  /// asks in vain.
  bool choose_backend(const Binding &binding, CompiledCgroup &cgroup, Diagnostics &diagnostics);
  /// The shared program and the values of a binding.
  std::optional<nftables::PortProgram> share(const Binding &binding, Diagnostics &diagnostics);
  /// Whether the layout nftables can express the program; asked once for each.
  bool is_expressible(const nftables::PortProgram &port, Diagnostics &diagnostics);
  /// Has the port's packets filtered where its device lets them be. False if that does not suffice for its rules.
  bool attach(const Binding &binding, link::Attachment attachment, nftables::PortProgram &port,
              Diagnostics &diagnostics);
  std::shared_ptr<const nftables::SharedProgram>
  macvtap_program(const std::shared_ptr<const nftables::SharedProgram> &program);

  Session &session_;
  link::Devices devices_;
  std::map<std::string, Resolved> resolved_;
  /// What is wrong with each shared program.
  std::map<std::pair<std::shared_ptr<const nftables::SharedProgram>, nftables::Attachment>, Diagnostics> checked_;
  std::map<std::shared_ptr<const nftables::SharedProgram>, std::shared_ptr<const nftables::SharedProgram>>
      macvtap_programs_;
  /// By name.
  std::map<std::string, std::shared_ptr<const nftables::SharedProgram>> cgroup_programs_;
};

} // namespace nwgate
