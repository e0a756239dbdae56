// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/cgroups.h"

#include "drivers/xtables/cgroup_layout.h"
#include "engine/model/access_list.h"
#include "engine/model/diagnostic_ids.h"
#include "tools/nwgate/change.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>

namespace nwgate {
namespace {

/// The bindings by name, and broken ones.
struct Read {
  std::map<std::string, Binding> bindings;
  std::vector<CgroupName> broken;
};

/// Of the cgroups below `path`, the one whose document would be in a file of this name.
std::optional<CgroupName> search_cgroup(const cgroup::Hierarchy &hierarchy, const std::string &path,
                                        const std::string &stem) {
  std::error_code error;
  std::filesystem::directory_iterator entry(hierarchy.directory_of(path.empty() ? "/" : path), error);
  for (const std::filesystem::directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored))
      continue;
    auto below = path + '/' + entry->path().filename().string();
    const auto own = store::file_stem_of(below);
    if (own == stem)
      return CgroupName{std::move(below), 0};
    // A name that is shortened begins as those of the cgroups above do.
    const auto common = std::min(own.size(), stem.rfind('%'));
    if (own.compare(0, common, stem, 0, common) == 0)
      if (auto found = search_cgroup(hierarchy, below, stem))
        return found;
  }
  return std::nullopt;
}

/// Of those whose name is `wanted`.
template <typename Wanted> Result<Read> read_bindings(Session &session, Wanted wanted, bool reports_all) {
  const auto store = session.bindings();
  auto files = store.list();
  if (!files)
    return fail(std::move(files.error()));
  Read read;
  for (const auto &file : *files) {
    auto name = parse_cgroup_name(file.name);
    const bool is_nameless = !name && file.name.starts_with(':');
    if (is_nameless) { // broken in such a way that it does not say its cgroup, and the name of its file is shortened
      const auto hierarchy = cgroup::Hierarchy::find();
      name = hierarchy ? search_cgroup(*hierarchy, "", file.name) : std::nullopt;
    } else if (!name || !wanted(file.name)) {
      continue;
    }
    Diagnostics unread;
    if (auto binding = store.read(file, reports_all ? session.diagnostics : unread))
      read.bindings.emplace(file.name, std::move(*binding));
    else if (name)
      read.broken.push_back(*name);
  }
  return read;
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

bool is_above(const std::string &above, const std::string &name) {
  return name.starts_with(above.ends_with('/') ? above : above + '/');
}

/// The first of the broken ones that is above the cgroup.
const CgroupName *broken_above(const std::string &path, const std::vector<CgroupName> &broken) {
  const auto found = std::ranges::find_if(
      broken, [&](const CgroupName &name) { return !name.path.empty() && is_above(name.path, path); });
  return found == broken.end() ? nullptr : &*found;
}

/// Puts `changed` in place of the bindings of the same name; the names of these.
std::set<std::string> put(const std::vector<Binding> &changed, Read &read) {
  std::set<std::string> names;
  for (const auto &binding : changed) {
    read.bindings.insert_or_assign(binding.name(), binding);
    std::erase(read.broken, *binding.cgroup);
    names.insert(binding.name());
  }
  return names;
}

/// Compiles what is `wanted`. Its mistakes are in `session.diagnostics` if it `is_told`.
template <typename Wanted, typename Told>
HostCgroups compile(Session &session, Compiler &compiler, const Read &read, Wanted wanted, Told is_told) {
  HostCgroups host;
  host.broken = read.broken;
  for (const auto &[name, binding] : read.bindings) {
    if (!wanted(binding))
      continue;
    Diagnostics untold;
    auto &told = is_told(name) ? session.diagnostics : untold;
    if (const auto *above = binding.merges_lists ? broken_above(name, read.broken) : nullptr) {
      told.error(id::unreadable_file, binding.where,
                 fmt::format("'{}' merges the lists of the cgroups above, and the binding of '{}' is broken", name,
                             above->to_string()));
      host.broken.push_back(*binding.cgroup);
      continue;
    }
    const auto whole = binding.merges_lists ? with_lists_of_ancestors(binding, read.bindings) : binding;
    if (auto compiled = compiler.compile_cgroup(whole, told))
      host.compiled.push_back(std::move(*compiled));
    else
      host.broken.push_back(*binding.cgroup);
  }
  return host;
}

} // namespace

Result<HostCgroups> compile_cgroups(Session &session, Compiler &compiler, bool reports) {
  auto read = read_bindings(
      session, [](const std::string & /*name*/) { return true; }, reports);
  if (!read)
    return fail(std::move(read.error()));
  return compile(
      session, compiler, *read, [](const Binding & /*binding*/) { return true; },
      [&](const std::string & /*name*/) { return reports; });
}

Result<PlacedCgroups> place_cgroups(const HostCgroups &host, Compiler &compiler) {
  PlacedCgroups desired;
  std::optional<cgroup::Hierarchy> hierarchy;
  for (const auto &compiled : host.compiled) {
    if (compiled.filter)
      continue;
    const auto key = find_cgroup(compiled.name, hierarchy);
    if (!key)
      return fail(key.error());
    if (!*key)
      continue;
    auto &placed = desired.cgroups.emplace_back(PlacedCgroups::Cgroup{compiled.name, (*key)->id, {}});
    if (compiled.closed) {
      const auto path = hierarchy ? hierarchy->path_in_namespace(compiled.name.path) : compiled.name.path;
      if (!path)
        return fail(Error(fmt::format("layout xtables: {} cannot be named from the root of this cgroup namespace on",
                                      compiled.name.path)));
      Diagnostics unused; // compile_cgroup() has reported what cannot be expressed
      auto ruleset = xtables::lay_out_cgroup(*compiled.closed, {*path, (*key)->id}, unused);
      placed.ruleset = std::make_shared<const xtables::PortRuleset>(std::move(ruleset.value()));
      continue;
    }
    auto program = compiled.program;
    program.program = compiler.at_place(program, (*key)->place);
    desired.in_nftables.cgroups.push_back({std::move(program), (*key)->id});
  }
  for (const auto &name : host.broken) {
    const auto key = find_cgroup(name, hierarchy);
    if (!key)
      return fail(key.error());
    if (*key)
      desired.in_nftables.untouched.push_back(**key);
  }
  return desired;
}

Result<std::optional<nftables::CgroupKey>> find_cgroup(const CgroupName &name,
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
  if (!*found)
    return std::optional<nftables::CgroupKey>();
  if ((*found)->level < 0)
    return fail(Error(name.path + " is above the root of this cgroup namespace: nf_tables cannot tell its packets"));
  return std::optional(nftables::CgroupKey{{false, static_cast<std::uint32_t>((*found)->level)}, (*found)->id});
}

namespace {

/// Adds where these cgroups are now. False if one is not there: only what all others have tells then what it had.
Result<bool> add_places(const std::set<std::string> &names, std::optional<cgroup::Hierarchy> &hierarchy,
                        std::vector<nftables::CgroupKey> &out) {
  bool are_there = true;
  for (const auto &name : names) {
    const auto key = find_cgroup(*parse_cgroup_name(name), hierarchy);
    if (!key)
      return fail(key.error());
    if (*key)
      out.push_back(**key);
    are_there &= key->has_value();
  }
  return are_there;
}

} // namespace

Result<> change_cgroups(Session &session, Compiler &compiler, const std::vector<Binding> &changed,
                        const std::set<std::string> &leaving, HostChange &change) {
  std::optional<cgroup::Hierarchy> hierarchy;
  std::vector<nftables::CgroupKey> places;
  const auto are_there = add_places(leaving, hierarchy, places);
  if (!are_there)
    return fail(are_there.error());
  const bool named_only = *are_there && session.settings.layout != "xtables"; // where all are planned together
  auto names = leaving;
  for (const auto &binding : changed)
    names.insert(binding.name());
  // Those above have lists that these merge, and those below merge the lists of these.
  const auto is_related = [&](const std::string &name) {
    return std::ranges::any_of(names, [&](const std::string &other) {
      return name == other || is_above(name, other) || is_above(other, name);
    });
  };
  auto read = read_bindings(
      session, [&](const std::string &name) { return !leaving.contains(name) && (!named_only || is_related(name)); },
      false);
  if (!read)
    return fail(std::move(read.error()));
  const auto told = put(changed, *read);
  const auto changes = [&](const Binding &binding) {
    return names.contains(binding.name()) ||
           (binding.merges_lists &&
            std::ranges::any_of(names, [&](const std::string &above) { return is_above(above, binding.name()); }));
  };
  std::set<std::string> changing;
  for (const auto &[name, binding] : read->bindings)
    if (changes(binding))
      changing.insert(name);
  auto host = compile(
      session, compiler, *read,
      [&](const Binding &binding) { return !named_only || changing.contains(binding.name()); },
      [&](const std::string &name) { return told.contains(name); });
  auto placed = place_cgroups(host, compiler);
  if (!placed)
    return fail(std::move(placed.error()));
  change.bpf.leaving = leaving;
  std::set<std::string> have_bpf;
  for (const auto &compiled : host.compiled) {
    const auto name = compiled.name.to_string();
    if (!changing.contains(name))
      continue;
    if (compiled.filter) {
      change.bpf.filters.push_back({compiled.name, *compiled.filter, compiled.filter_time});
      have_bpf.insert(name);
    } else {
      change.bpf.leaving.insert(name);
    }
  }
  placed->in_nftables.named_only = named_only;
  placed->in_nftables.leaving = std::move(places);
  if (const auto added = add_places(have_bpf, hierarchy, placed->in_nftables.leaving); !added)
    return fail(added.error());
  change.cgroups = std::move(*placed);
  return {};
}

BpfChange all_bpf(const HostCgroups &host) {
  BpfChange change;
  change.everything = true;
  for (const auto &compiled : host.compiled)
    if (compiled.filter)
      change.filters.push_back({compiled.name, *compiled.filter, compiled.filter_time});
  for (const auto &name : host.broken)
    change.untouched.insert(name.to_string());
  return change;
}

} // namespace nwgate
