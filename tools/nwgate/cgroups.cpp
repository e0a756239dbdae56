// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/cgroups.h"

#include "drivers/cgroup/hierarchy.h"
#include "engine/model/access_list.h"
#include "tools/nwgate/change.h"

#include <algorithm>
#include <map>

namespace nwgate {
namespace {

/// The bindings by name, and broken ones.
struct Read {
  std::map<std::string, Binding> bindings;
  std::vector<CgroupName> broken;
};

Result<Read> read_bindings(Session &session, const std::set<std::string> &leaving, bool reports_all) {
  const auto store = session.bindings();
  auto files = store.list();
  if (!files)
    return fail(std::move(files.error()));
  Read read;
  for (const auto &file : *files) {
    const auto name = parse_cgroup_name(file.name);
    if (!name || leaving.contains(file.name))
      continue;
    Diagnostics unread;
    if (auto binding = store.read(file, reports_all ? session.diagnostics : unread))
      read.bindings.emplace(file.name, std::move(*binding));
    else
      read.broken.push_back(*name);
  }
  return read;
}

Result<std::optional<nftables::CgroupKey>> place_of(const CgroupName &name,
                                                    std::optional<cgroup::Hierarchy> &hierarchy) {
  if (name.path.empty())
    return std::optional(nftables::CgroupKey{{true, 0}, name.classid});
  if (!hierarchy) {
    auto found = cgroup::Hierarchy::find();
    if (!found)
      return fail(std::move(found.error()));
    hierarchy = std::move(*found);
  }
  const auto found = hierarchy->look_up(name.path);
  if (!found)
    return fail(found.error());
  return *found ? std::optional(nftables::CgroupKey{{false, (*found)->level}, (*found)->id}) : std::nullopt;
}

/// Adds the lists of the cgroups above, as systemd adds those of slices: nearest first.
Binding with_lists_of_ancestors(Binding binding, const std::map<std::string, Binding> &bindings) {
  auto path = binding.cgroup->path;
  while (path.size() > 1) {
    path.resize(std::max<std::size_t>(path.rfind('/'), 1));
    const auto above = bindings.find(path);
    if (above == bindings.end())
      continue;
    for (const auto &parameter : above->second.filter.parameters)
      if (is_access_list_name(parameter.name))
        binding.filter.parameters.push_back(parameter);
  }
  return binding;
}

} // namespace

Result<HostCgroups> compile_cgroups(Session &session, Compiler &compiler, const std::vector<Binding> &changed,
                                    const std::set<std::string> &leaving, bool reports_all) {
  auto read = read_bindings(session, leaving, reports_all);
  if (!read)
    return fail(std::move(read.error()));
  std::set<std::string> reported;
  for (const auto &binding : changed) {
    read->bindings.insert_or_assign(binding.name(), binding);
    std::erase(read->broken, *binding.cgroup);
    reported.insert(binding.name());
  }
  HostCgroups host;
  host.broken = std::move(read->broken);
  for (const auto &[name, binding] : read->bindings) {
    Diagnostics untold;
    auto &told = reports_all || reported.contains(name) ? session.diagnostics : untold;
    if (binding.merges_lists)
      host.merging.insert(name);
    const auto whole = binding.merges_lists ? with_lists_of_ancestors(binding, read->bindings) : binding;
    if (auto compiled = compiler.compile_cgroup(whole, told))
      host.compiled.push_back(std::move(*compiled));
    else
      host.broken.push_back(*binding.cgroup);
  }
  return host;
}

Result<nftables::DesiredCgroups> place_cgroups(const HostCgroups &host, Compiler &compiler) {
  nftables::DesiredCgroups desired;
  std::optional<cgroup::Hierarchy> hierarchy;
  for (const auto &compiled : host.compiled) {
    if (compiled.filter)
      continue;
    const auto key = place_of(compiled.name, hierarchy);
    if (!key)
      return fail(key.error());
    if (!*key)
      continue;
    auto program = compiled.program;
    program.program = compiler.at_place(program.program, (*key)->place);
    desired.cgroups.push_back({std::move(program), (*key)->id});
  }
  for (const auto &name : host.broken) {
    const auto key = place_of(name, hierarchy);
    if (!key)
      return fail(key.error());
    if (*key)
      desired.untouched.push_back(**key);
  }
  return desired;
}

Result<std::optional<nftables::CgroupKey>> find_cgroup(const CgroupName &name) {
  std::optional<cgroup::Hierarchy> hierarchy;
  return place_of(name, hierarchy);
}

Result<> change_cgroups(Session &session, Compiler &compiler, const std::vector<Binding> &changed,
                        const std::set<std::string> &leaving, HostChange &change) {
  const auto host = compile_cgroups(session, compiler, changed, leaving, false);
  if (!host)
    return fail(host.error());
  auto placed = place_cgroups(*host, compiler);
  if (!placed)
    return fail(std::move(placed.error()));
  change.cgroups = std::move(*placed);
  change.bpf.leaving = leaving;
  auto names = leaving;
  for (const auto &binding : changed)
    names.insert(binding.name());
  const auto has_other_lists = [&](const std::string &name) {
    return host->merging.contains(name) && std::ranges::any_of(names, [&](const std::string &above) {
             return name.starts_with(above.ends_with('/') ? above : above + '/');
           });
  };
  for (const auto &compiled : host->compiled) {
    const auto name = compiled.name.to_string();
    if (!names.contains(name) && !has_other_lists(name))
      continue;
    if (compiled.filter)
      change.bpf.filters.push_back({compiled.name, *compiled.filter});
    else
      change.bpf.leaving.insert(name);
  }
  return {};
}

BpfChange all_bpf(const HostCgroups &host) {
  BpfChange change;
  change.everything = true;
  for (const auto &compiled : host.compiled)
    if (compiled.filter)
      change.filters.push_back({compiled.name, *compiled.filter});
  for (const auto &name : host.broken)
    change.untouched.insert(name.to_string());
  return change;
}

} // namespace nwgate
