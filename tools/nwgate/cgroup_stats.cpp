// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/cgroup_stats.h"

#include "drivers/netlink/counters.h"
#include "drivers/netlink/socket.h"
#include "drivers/netlink/user_data.h"
#include "drivers/nftables/cgroup_counters.h"
#include "drivers/nftables/kernel_state.h"
#include "drivers/xtables/cgroup_layout.h"
#include "tools/nwgate/bpf_cgroups.h"
#include "tools/nwgate/carried_counts.h"
#include "tools/nwgate/cgroups.h"
#include "tools/nwgate/chains_json.h"
#include "tools/nwgate/output.h"
#include "tools/nwgate/prometheus_text.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace nwgate {
namespace {

using netlink::Counts;

void add(const Counts &more, Counts &sum) {
  sum.packets += more.packets;
  sum.bytes += more.bytes;
}

class Reading {
public:
  explicit Reading(Session &session) : session_(session), pins_(session) {}

  Result<std::map<std::string, CgroupStats>> run() {
    const auto files = session_.bindings().list();
    if (!files)
      return fail(files.error());
    auto socket = netlink::Socket::open();
    if (!socket)
      return fail(std::move(socket.error()));
    if (auto read = read_kernel(*socket); !read)
      return fail(std::move(read.error()));
    auto pinned = pins_.list();
    if (!pinned)
      return fail(std::move(pinned.error()));
    pinned_.insert(pinned->begin(), pinned->end());
    for (const auto &file : *files) {
      const auto name = parse_cgroup_name(file.name);
      if (!name)
        continue;
      if (const auto binding = session_.bindings().read(file, session_.diagnostics)) {
        auto one = stats_of(*name, binding->filter.filter);
        if (!one)
          return fail(std::move(one.error()));
        found_.emplace(file.name, std::move(*one));
      }
    }
    add_below();
    return std::move(found_);
  }

private:
  Result<> read_kernel(netlink::Channel &channel) {
    if (session_.settings.layout == "xtables") {
      auto view = xtables::read_all(channel, session_.ip_sets);
      if (!view)
        return fail(std::move(view.error()));
      view_ = std::move(*view);
      return {};
    }
    auto state = nftables::read_state(channel, nftables::ReadElements::none, nftables::ReadElements::counts);
    if (!state)
      return fail(std::move(state.error()));
    state_ = std::move(*state);
    counters_.emplace(state_.find(netlink::Family::inet));
    return {};
  }

  [[nodiscard]] std::optional<nftables::PortCounters> counters_in_nf_tables(const nftables::CgroupKey &key) const {
    return view_ ? xtables_cgroup_counters(*view_, xtables::cgroup_owner(key.place.by_classid, key.id))
                 : counters_->of(key);
  }

  Result<CgroupStats> stats_of(const CgroupName &name, const std::string &filter) {
    CgroupStats stats;
    stats.filter = filter;
    const auto key = find_cgroup(name, hierarchy_);
    if (!key)
      return fail(key.error());
    const auto counters = *key ? counters_in_nf_tables(**key) : std::nullopt;
    if (counters) {
      stats.backend = view_ ? "xtables" : "nftables";
      stats.out = counters->out;
      stats.in = counters->in;
      return stats;
    }
    stats.backend = *key ? "missing" : "waits";
    if (pinned_.contains(pins_.directory_of(name.to_string()))) { // the counts stay while it waits
      const auto library = bpf::Library::load();
      if (!library)
        return fail(library.error());
      const auto attached = bpf::read_attached(*library, pins_.directory_of(name.to_string()));
      if (!attached)
        return fail(attached.error());
      const auto is_in_force = [&](const auto &program) { return program && program->cgroup_id == (**key).id; };
      if (*key && is_in_force(attached->out) && is_in_force(attached->in))
        stats.backend = "bpf";
      stats.out = counters_of(attached->counts.out);
      stats.in = counters_of(attached->counts.in);
    }
    return stats;
  }

  void add_below() {
    for (const auto &[name, stats] : found_)
      for (auto path = name;; path.resize(std::max<std::size_t>(path.rfind('/'), 1))) {
        if (const auto above = found_.find(path); above != found_.end()) {
          add(stats.out.dropped, above->second.out_dropped_below);
          add(stats.in.dropped, above->second.in_dropped_below);
        }
        if (path.size() == 1 || !path.starts_with('/'))
          break;
      }
  }

  Session &session_;
  BpfPins pins_;
  std::set<std::string> pinned_; // directories
  std::optional<cgroup::Hierarchy> hierarchy_;
  nftables::KernelState state_;
  std::optional<nftables::CgroupCounters> counters_;
  /// In the layout xtables, in the place of `state_`.
  std::optional<xtables::KernelView> view_;
  std::map<std::string, CgroupStats> found_;
};

} // namespace

Result<std::map<std::string, CgroupStats>> cgroup_stats(Session &session) { return Reading(session).run(); }

std::optional<nftables::PortCounters> xtables_cgroup_counters(const xtables::KernelView &view,
                                                              const std::string &owner) {
  nftables::PortCounters counters;
  counters.attachment = nftables::Attachment::cgroup;
  bool is_there = false;
  for (const auto &[family, table] : view.tables)
    for (const auto &[name, chain] : table.chains)
      for (const auto &rule : chain.rules) {
        const auto counts = netlink::counts(*rule.native).value_or(Counts{});
        if (chain.owner == owner && xtables::ends_packets(rule))
          add(counts, (name.starts_with("CO") ? counters.out : counters.in).dropped);
        if (xtables::read_owner_mark(netlink::user_data_of(*rule.native)) != owner || chain.owner == owner)
          continue;
        is_there = true;
        add(counts, (name == "OUTPUT" ? counters.out : counters.in).accepted);
      }
  for (auto *direction : {&counters.out, &counters.in}) {
    direction->accepted.packets -= std::min(direction->accepted.packets, direction->dropped.packets);
    direction->accepted.bytes -= std::min(direction->accepted.bytes, direction->dropped.bytes);
  }
  return is_there ? std::optional(counters) : std::nullopt;
}

std::string cgroup_stats_table(const std::map<std::string, CgroupStats> &cgroups) {
  std::vector<std::vector<std::string>> rows = {{"CGROUP", "FILTER", "BACKEND", "OUT-PACKETS", "OUT-BYTES",
                                                 "OUT-DENIED", "OUT-DENIED-BYTES", "IN-PACKETS", "IN-BYTES",
                                                 "IN-DENIED", "IN-DENIED-BYTES", "DENIED-BELOW"}};
  for (const auto &[name, stats] : cgroups) {
    auto &row = rows.emplace_back(std::vector{name, stats.filter, stats.backend});
    for (const auto &direction : {stats.out, stats.in})
      for (const auto &counts : {direction.accepted, direction.dropped}) {
        row.push_back(std::to_string(counts.packets));
        row.push_back(std::to_string(counts.bytes));
      }
    row.push_back(std::to_string(stats.out_dropped_below.packets + stats.in_dropped_below.packets));
  }
  return format_table(rows);
}

std::string cgroup_stats_json(const std::map<std::string, CgroupStats> &cgroups) {
  auto list = nlohmann::ordered_json::array();
  const auto counts_json = [](const Counts &counts) {
    return nlohmann::ordered_json{{"packets", counts.packets}, {"bytes", counts.bytes}};
  };
  for (const auto &[name, stats] : cgroups)
    list.push_back({{"cgroup", name},
                    {"filter", stats.filter},
                    {"backend", stats.backend},
                    {"out", counters_json(stats.out)},
                    {"in", counters_json(stats.in)},
                    {"dropped_in_subtree",
                     {{"out", counts_json(stats.out_dropped_below)}, {"in", counts_json(stats.in_dropped_below)}}}});
  return json_text(list) + '\n';
}

std::string cgroup_stats_prometheus(const std::map<std::string, CgroupStats> &cgroups) {
  std::vector<LabelledCounters> counters;
  counters.reserve(cgroups.size());
  for (const auto &[name, stats] : cgroups)
    counters.push_back({{{"cgroup", name}, {"filter", stats.filter}}, stats.out, stats.in});
  return prometheus_text("nwgate_cgroup", "cgroup's processes have", counters);
}

} // namespace nwgate
