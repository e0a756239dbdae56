// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/compiler.h"

#include "drivers/nftables/cgroup_layout.h"
#include "drivers/nftables/layout.h"
#include "drivers/xtables/cgroup_layout.h"
#include "drivers/xtables/layout.h"
#include "drivers/xtables/rule_listing.h"
#include "engine/model/diagnostic_ids.h"
#include "engine/resolve/resolve.h"
#include "tools/nwgate/bpf_cgroups.h"

#include <fmt/format.h>

namespace nwgate {
namespace {

/// Legal names of devices that cannot be kept in a file, or that the tools would read as something else: `v+` as all
/// that begins with `v`.
std::optional<std::string> why_not_bound(const std::string &port) {
  if (port.starts_with('.'))
    return fmt::format("port '{}' cannot be bound: the file of a name that begins with a dot would be hidden", port);
  if (port.find_first_of("+!\"'\\") != std::string::npos)
    return fmt::format("port '{}' cannot be bound: ebtables and iptables have other meanings for + ! \" ' \\ in a name",
                       port);
  return std::nullopt;
}

/// Of a cgroup's rule: with more values it is faster to look them up (docs/performance.md).
constexpr std::size_t most_copies = 4;

} // namespace

std::optional<xtables::PortRuleset> cgroup_ruleset(const ClosedProgram &program, const CgroupName &name,
                                                   Diagnostics &diagnostics) {
  const auto errors = diagnostics.error_count();
  auto ruleset = xtables::lay_out_cgroup(program, {name.path, name.classid}, diagnostics);
  if (ruleset)
    (void)xtables::to_nft_text(*ruleset, diagnostics); // reports what cannot be written
  return diagnostics.error_count() == errors ? std::move(ruleset) : std::nullopt;
}

Compiler::Resolved &Compiler::resolve_once(const FilterRef &reference) {
  const auto [entry, is_new] = resolved_.try_emplace(reference.filter);
  auto &resolved = entry->second;
  if (is_new) {
    session_.filters.take_asked();
    resolved.program = resolve(reference.filter, reference.where, session_.filters, session_.settings.resolve_limits,
                               resolved.diagnostics);
    resolved.filters = session_.filters.take_asked();
  }
  return resolved;
}

const Program *Compiler::program(const FilterRef &reference, Diagnostics &diagnostics) {
  auto &resolved = resolve_once(reference);
  diagnostics.append(resolved.diagnostics);
  return resolved.program ? &*resolved.program : nullptr;
}

const std::set<std::string> &Compiler::filters_of(const std::string &top) { return resolved_[top].filters; }

std::optional<ClosedProgram> Compiler::close(const Binding &binding, Diagnostics &diagnostics) {
  const auto *open = program(binding.filter, diagnostics);
  if (open == nullptr)
    return std::nullopt;
  return nwgate::close(*open, BindingValues(binding), session_.settings.resolve_limits, diagnostics);
}

std::optional<CompiledPort> Compiler::compile(const Binding &binding, Diagnostics &diagnostics) {
  if (session_.settings.layout == "xtables") {
    auto ruleset = compile_xtables(binding, diagnostics);
    return ruleset ? std::optional(CompiledPort{
                         binding.port, {}, std::make_shared<const xtables::PortRuleset>(std::move(*ruleset))})
                   : std::nullopt;
  }
  return compile_nftables(binding, diagnostics);
}

std::optional<xtables::PortRuleset> Compiler::compile_xtables(const Binding &binding, Diagnostics &diagnostics) {
  if (const auto why = why_not_bound(binding.port)) {
    diagnostics.error(id::illegal_port_name, binding.where, *why);
    return std::nullopt;
  }
  const auto closed = close(binding, diagnostics);
  if (!closed)
    return std::nullopt;
  return xtables::lay_out(*closed, binding.port, session_.prefix, diagnostics);
}

std::optional<CompiledPort> Compiler::compile_nftables(const Binding &binding, Diagnostics &diagnostics) {
  if (const auto why = why_not_bound(binding.port)) {
    diagnostics.error(id::illegal_port_name, binding.where, *why);
    return std::nullopt;
  }
  auto bound = share(binding, diagnostics);
  if (!bound)
    return std::nullopt;
  const auto device = devices_.find(binding.port);
  if (!device) {
    diagnostics.error(id::refused_by_kernel, binding.where, device.error().message());
    return std::nullopt;
  }
  CompiledPort port{binding.port, {}, {}};
  if (*device) {
    port.device = (*device)->index;
    if (!attach(binding, (*device)->attachment, *bound, diagnostics))
      return std::nullopt;
  }
  if (!is_expressible(*bound, diagnostics))
    return std::nullopt;
  port.rules = std::move(*bound);
  return port;
}

std::optional<nftables::PortProgram> Compiler::share(const Binding &binding, Diagnostics &diagnostics) {
  const auto *open = program(binding.filter, diagnostics);
  if (open == nullptr)
    return std::nullopt;
  auto &resolved = resolved_.at(binding.filter.filter);
  auto &sharing = binding.cgroup ? resolved.cgroup_sharing : resolved.sharing;
  if (!sharing)
    sharing = std::make_unique<nftables::ProgramSharing>(*open, binding.cgroup ? most_copies : 0);
  return sharing->bind(binding.name(), BindingValues(binding), session_.settings.resolve_limits, diagnostics);
}

std::optional<CompiledCgroup> Compiler::compile_cgroup(const Binding &binding, Diagnostics &diagnostics) {
  const auto *open = program(binding.filter, diagnostics);
  if (open == nullptr || !nftables::suits_cgroups(*open, diagnostics))
    return std::nullopt;
  const bool by_classid = binding.cgroup->path.empty();
  if (binding.backend != Backend::bpf && by_classid && !nftables::suits_classids(*open, diagnostics))
    return std::nullopt;
  if (session_.settings.layout == "xtables")
    return compile_cgroup_xtables(binding, diagnostics);
  auto bound = share(binding, diagnostics);
  if (!bound)
    return std::nullopt;
  bound->attachment = nftables::Attachment::cgroup;
  CompiledCgroup cgroup{*binding.cgroup, std::move(*bound), {}, {}, {}};
  if (!choose_backend(binding, cgroup, diagnostics))
    return std::nullopt;
  if (cgroup.filter)
    return cgroup;
  // Wherever the cgroup is, and whether it is there: what cannot be said at one level cannot at another.
  auto anywhere = cgroup.program;
  anywhere.program = at_place(anywhere, {by_classid, 0});
  return is_expressible(anywhere, diagnostics) ? std::optional(std::move(cgroup)) : std::nullopt;
}

std::optional<CompiledCgroup> Compiler::compile_cgroup_xtables(const Binding &binding, Diagnostics &diagnostics) {
  CompiledCgroup cgroup{*binding.cgroup, {}, {}, {}, {}};
  if (!choose_backend(binding, cgroup, diagnostics))
    return std::nullopt;
  if (cgroup.filter)
    return cgroup;
  auto closed = close(binding, diagnostics);
  if (!closed || !cgroup_ruleset(*closed, *binding.cgroup, diagnostics))
    return std::nullopt;
  const bool denies_input = std::ranges::any_of(closed->program.chains, [](const Chain &chain) {
    return chain.direction == Direction::in && std::ranges::any_of(chain.rules, [](const ProgramRule &rule) {
             return rule.verdict == VerdictKind::drop || rule.verdict == VerdictKind::reject;
           });
  });
  if (denies_input && !binding.cgroup->path.empty())
    diagnostics.warning(
        id::cgroup_input_unseen, binding.where,
        "layout xtables: of what comes in for a cgroup, iptables' match finds only packets of TCP and UDP "
        "for connected sockets, and none by the loopback device: what else comes in is not filtered");
  cgroup.closed = std::make_shared<const ClosedProgram>(std::move(*closed));
  return cgroup;
}

bool Compiler::choose_backend(const Binding &binding, CompiledCgroup &cgroup, Diagnostics &diagnostics) {
  const bool is_wanted = binding.backend == Backend::bpf;
  if (binding.backend == Backend::nftables || (!is_wanted && (cgroup.name.path.empty() || !BpfPins::is_usable())))
    return true;
  if (cgroup.name.path.empty()) {
    diagnostics.error(id::not_expressible, binding.where, "backend bpf: programs are attached to cgroups of v2 only");
    return false;
  }
  const auto closed = close(binding, diagnostics);
  if (!closed)
    return false;
  const auto begin = std::chrono::steady_clock::now();
  auto out = bpf::compile(*closed, Direction::out);
  auto in = bpf::compile(*closed, Direction::in);
  if (auto *program = std::get_if<bpf::CgroupProgram>(&out); program != nullptr)
    if (auto *other = std::get_if<bpf::CgroupProgram>(&in); other != nullptr) {
      cgroup.filter = bpf::CgroupFilter{std::move(*program), std::move(*other)};
      cgroup.filter_time = std::chrono::steady_clock::now() - begin;
      return true;
    }
  if (!is_wanted)
    return true;
  std::set<const Origin *> told;
  for (const auto *refusals :
       {std::get_if<std::vector<bpf::Refusal>>(&out), std::get_if<std::vector<bpf::Refusal>>(&in)})
    for (const auto &refusal : refusals == nullptr ? std::vector<bpf::Refusal>{} : *refusals)
      if (told.insert(refusal.origin.get()).second)
        diagnostics.error(id::not_expressible, refusal.origin ? refusal.origin->where : binding.where,
                          "backend bpf: " + refusal.reason);
  return false;
}

std::shared_ptr<const nftables::SharedProgram> Compiler::at_place(const nftables::PortProgram &cgroup,
                                                                  const nftables::CgroupPlace &place) {
  auto &made = cgroup_programs_[nftables::cgroups_program_name(cgroup, place)];
  if (!made)
    made = nftables::cgroups_program(cgroup, place);
  return made;
}

bool Compiler::attach(const Binding &binding, link::Attachment attachment, nftables::PortProgram &port,
                      Diagnostics &diagnostics) {
  switch (attachment) {
  case link::Attachment::bridge_port:
    return true;
  case link::Attachment::routed:
    port.attachment = nftables::Attachment::routed;
    return true;
  case link::Attachment::macvtap:
    port.attachment = nftables::Attachment::macvtap;
    port.program = macvtap_program(port.program);
    break;
  case link::Attachment::other_switch:
    port.attachment = nftables::Attachment::device;
    break;
  }
  if (!nftables::has_ip_layer(*port.program))
    return true;
  diagnostics.error(id::not_expressible, binding.where,
                    fmt::format("port '{}' is {}: the IP layers of the host see none of its packets, so that rules of "
                                "tcp, udp, ... would have no effect",
                                binding.port,
                                attachment == link::Attachment::macvtap ? "a macvtap" : "a port of another switch"));
  return false;
}

std::shared_ptr<const nftables::SharedProgram>
Compiler::macvtap_program(const std::shared_ptr<const nftables::SharedProgram> &program) {
  auto &made = macvtap_programs_[program];
  if (!made)
    made = nftables::macvtap_of(*program);
  return made;
}

bool Compiler::is_expressible(const nftables::PortProgram &port, Diagnostics &diagnostics) {
  const auto [entry, is_new] = checked_.try_emplace({port.program, port.attachment});
  if (is_new) {
    nftables::Ruleset unused;
    nftables::lay_out_program(
        *port.program,
        {{port.program->name, nftables::Dispatch::set}, nftables::families_of(*port.program, port.attachment)}, {},
        xtables::AnySet(), unused, entry->second);
  }
  diagnostics.append(entry->second);
  return entry->second.ok();
}

bool CompiledPort::has_layer(Layer layer) const {
  if (const auto *program = std::get_if<nftables::PortProgram>(&rules))
    return program->program->program.has_layer(layer);
  const auto family = layer == Layer::ethernet ? xtables::Family::bridge
                      : layer == Layer::ipv4   ? xtables::Family::ip
                                               : xtables::Family::ip6;
  return std::get<std::shared_ptr<const xtables::PortRuleset>>(rules)->has(family);
}

} // namespace nwgate
