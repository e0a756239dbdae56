// SPDX-License-Identifier: LGPL-2.1-or-later
/// Filters of cgroups that are BPF programs: which binding has one, where it is pinned, and how it comes to its cgroup.
#pragma once

#include "drivers/bpf/attached.h"
#include "engine/model/cgroup.h"
#include "tools/nwgate/session.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nwgate {

/// What a change does with BPF programs.
struct BpfChange {
  struct Filter {
    CgroupName name;
    bpf::CgroupFilter filter;
    /// What compiling it took.
    std::chrono::nanoseconds compile_time{};
    /// What the cgroup has counted elsewhere, if nothing is pinned yet.
    bpf::FilterCounts counted = {};
  };
  /// Attached, or replaced, where their cgroups are there.
  std::vector<Filter> filters;
  /// Only where a filter is not attached to the cgroup that is there now: their documents have not changed.
  bool only_where_missing = false;
  /// Is told of each that is attached or replaced; may be empty.
  std::function<void(const CgroupName &)> when_attached;
  /// Bindings that have none any more.
  std::set<std::string> leaving;
  /// Nothing but `filters` and `untouched` is bound: all others go.
  bool everything = false;
  std::set<std::string> untouched;

  [[nodiscard]] bool is_empty() const { return filters.empty() && leaving.empty() && !everything; }
};

/// Where a binding's filter is pinned. Below another root than the host's, a place of its own: bpffs knows no roots.
class BpfPins {
public:
  /// The mount point of bpffs; a directory also where none is mounted.
  static constexpr const char *file_system = "/sys/fs/bpf";

  explicit BpfPins(const Session &session);
  [[nodiscard]] std::string directory_of(const std::string &name) const;
  /// The files there without which a cgroup has no filter.
  [[nodiscard]] std::set<std::string> links_of(const std::string &name) const;
  /// The directories that are there; none where there is no bpffs.
  [[nodiscard]] Result<std::vector<std::string>> list() const;
  /// The binding whose directory it is; if the name is shortened, only its beginning.
  [[nodiscard]] static std::string name_of(const std::string &directory);
  /// Whether programs can be pinned: a bpffs is mounted there.
  [[nodiscard]] static bool is_usable();

private:
  std::string base_;
};

/// Attaches what comes; nothing is taken away yet, so that a cgroup whose backend changes is filtered all the time.
/// With
/// --timing, says how long it took.
Result<> attach_bpf(const Session &session, const BpfChange &change);
/// Takes away what is left over. With --timing, says how long that took.
Result<> detach_bpf(const Session &session, const BpfChange &change);

/// What is other than `change`, which is of everything, says: `missing`, `left over`, ... by binding.
Result<std::map<std::string, std::string>> bpf_drift(const Session &session, const BpfChange &change);

} // namespace nwgate
