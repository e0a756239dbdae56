// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/disassembly.h"
#include "drivers/cgroup/hierarchy.h"
#include "drivers/nftables/cgroup_layout.h"
#include "drivers/nftables/desired_state.h"
#include "drivers/nftables/ruleset_text.h"
#include "drivers/store/bindings.h"
#include "drivers/xtables/restore_text.h"
#include "drivers/xtables/rule_listing.h"
#include "engine/program/json_form.h"
#include "engine/program/text_form.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/compiler.h"
#include "tools/nwgate/exit_codes.h"

#include <fmt/format.h>
#include <iostream>

namespace nwgate {
namespace {

/// The tables that a host with this binding alone would have.
std::optional<std::string> render_nftables(const Binding &binding, Compiler &compiler, Session &session) {
  auto port = compiler.compile_nftables(binding, session.diagnostics);
  if (!port)
    return std::nullopt;
  HostChange host;
  host.ports.push_back(std::move(*port));
  std::set<std::string> at_fault;
  const auto state =
      nftables::desired_state(host.for_nftables(session), {}, {}, xtables::AnySet(), session.diagnostics, at_fault);
  if (!state)
    return std::nullopt;
  return nftables::to_nft_text(state->ruleset, xtables::AnySet());
}

/// The tables of a host with this cgroup alone, whose id is told only by the kernel: 0 stands for it. With the backend
/// BPF, the code of its programs.
std::optional<std::string> render_cgroup(const Binding &binding, Compiler &compiler, Session &session) {
  auto compiled = compiler.compile_cgroup(binding, session.diagnostics);
  if (!compiled)
    return std::nullopt;
  if (compiled->closed) {
    const auto ruleset = cgroup_ruleset(*compiled->closed, compiled->name, session.diagnostics);
    return ruleset ? std::optional(xtables::to_nft_text(*ruleset, session.diagnostics)) : std::nullopt;
  }
  if (compiled->filter)
    return fmt::format("out:\n{}\nin:\n{}", bpf::disassemble(compiled->filter->out.code),
                       bpf::disassemble(compiled->filter->in.code));
  const auto &name = compiled->name;
  const nftables::CgroupPlace place{name.path.empty(), static_cast<std::uint32_t>(cgroup::level_of(name.path))};
  auto program = compiled->program;
  program.program = compiler.at_place(program, place);
  nftables::DesiredCgroups desired;
  desired.cgroups.push_back({std::move(program), name.classid});
  std::set<std::string> at_fault;
  const auto state = nftables::desired_cgroups(desired, nullptr, xtables::AnySet(), session.diagnostics, at_fault);
  return state ? std::optional(nftables::to_nft_text(state->ruleset, xtables::AnySet())) : std::nullopt;
}

/// The binding in the form that is asked for; nothing when there is an error, which is in the session's diagnostics.
std::optional<std::string> render(const Binding &binding, const std::string &format, bool open, Compiler &compiler,
                                  Session &session) {
  if (open) {
    const auto *program = compiler.program(binding.filter, session.diagnostics);
    if (program == nullptr)
      return std::nullopt;
    return format == "json" ? to_json(*program) : to_text(*program);
  }
  const auto closed = compiler.close(binding, session.diagnostics);
  if (!closed)
    return std::nullopt;
  if (format == "program")
    return to_text(closed->program);
  if (format == "json")
    return to_json(closed->program);
  if (binding.cgroup) {
    if (format == "nft")
      return render_cgroup(binding, compiler, session);
    if (binding.backend == Backend::bpf)
      throw po::error("with backend='bpf' a cgroup has no chains that the xtables tools list: program, nft or json");
    const auto *program = compiler.program(binding.filter, session.diagnostics);
    if (program == nullptr || !nftables::suits_cgroups(*program, session.diagnostics) ||
        (binding.cgroup->path.empty() && !nftables::suits_classids(*program, session.diagnostics)))
      return std::nullopt;
    const auto ruleset = cgroup_ruleset(*closed, *binding.cgroup, session.diagnostics);
    return ruleset ? std::optional(xtables::to_restore_text(*ruleset, session.prefix)) : std::nullopt;
  }
  if (format == "nft" && session.settings.layout == "nftables")
    return render_nftables(binding, compiler, session);
  const auto ruleset = compiler.compile_xtables(binding, session.diagnostics);
  if (!ruleset)
    return std::nullopt;
  if (format == "xtables")
    return xtables::to_restore_text(*ruleset, session.prefix);
  return xtables::to_nft_text(*ruleset, session.diagnostics);
}

} // namespace

int command_render(const Words &words) {
  std::string format = "program";
  bool open = false;
  Arguments arguments(
      "render", "BINDING.xml [--format program|xtables|nft|json] [--slots]",
      "Shows what a binding would put into the kernel. BINDING.xml may also be a libvirt <interface> or <domain>.\n"
      "Needs no privileges.");
  arguments.add_options()("format", po::value(&format)->value_name("FORM"),
                          "program (default): nwgate's own text; xtables: what ebtables-restore, iptables-restore and "
                          "ip6tables-restore read; nft: what the layout of the settings has in nf_tables, of this "
                          "binding alone; json: the program")(
      "slots", po::bool_switch(&open),
      "show the program before the binding's values are put in; with program and json");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(1, 1);
  if (arguments.common().json)
    format = "json";
  if (format != "program" && format != "xtables" && format != "nft" && format != "json")
    throw po::error(fmt::format("no format '{}': program, xtables, nft or json", format));
  if (open && format != "program" && format != "json")
    throw po::error("--slots goes with the formats program and json");
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto bindings =
      store::read_binding_file(arguments.words().front(), session.settings.document_limits, session.diagnostics);
  Compiler compiler(session);
  for (const auto &binding : bindings)
    if (const auto text = render(binding, format, open, compiler, session); text && session.diagnostics.ok())
      std::cout << *text;
  return session.finish();
}

} // namespace nwgate
