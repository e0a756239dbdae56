// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/watcher.h"

#include "drivers/cgroup/hierarchy.h"
#include "drivers/xtables/cgroup_layout.h"
#include "drivers/xtables/tables.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace nwgate {
namespace {

using std::chrono::milliseconds;

/// Editors take a document away before its new text has its name.
constexpr milliseconds time_to_finish{100};
constexpr milliseconds first_retry{500}, last_retry{32000};
/// Between two looks at rules that others keep changing; longer each time that they had to be mended, until nobody has
/// changed them for a while.
constexpr milliseconds between_looks{50}, first_pause{250}, last_pause{4000}, time_to_forget{60000};

Result<std::string> root_of_cgroups() {
  const auto hierarchy = cgroup::Hierarchy::find();
  if (!hierarchy)
    return fail(hierarchy.error());
  return hierarchy->directory_of("/");
}

/// Where rules of cgroups are, in whatever layout.
std::vector<netlink::WatchedTable> tables_of_cgroups() {
  return {{{netlink::Family::inet, nftables::table_name}, {}},
          {xtables::table_of(xtables::Family::ip), xtables::is_of_cgroups},
          {xtables::table_of(xtables::Family::ip6), xtables::is_of_cgroups}};
}

void print_errors(Session &session) {
  print_diagnostics(session.diagnostics.errors_only(), session.options.json);
  session.diagnostics = {};
}

} // namespace

std::variant<Watcher, int> Watcher::open(const CommonOptions &options, Listener &listener) {
  auto opened = Session::open(options);
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto root = root_of_cgroups();
  if (!root)
    return session.fail_with(root.error());
  auto cgroups = cgroup::Watch::open(*root);
  if (!cgroups)
    return session.fail_with(cgroups.error());
  auto documents = cgroup::Watch::open({}, ".xml");
  if (!documents)
    return session.fail_with(documents.error());
  auto socket = netlink::Socket::open();
  if (!socket)
    return session.fail_with(socket.error());
  auto events = netlink::RulesetEvents::open(tables_of_cgroups(), socket->port());
  if (!events)
    return session.fail_with(events.error());
  Watcher watcher(options, listener, *root, std::move(*cgroups), std::move(*documents), std::move(*socket),
                  std::move(*events));
  if (auto watched = watcher.watch_documents(session); !watched)
    return session.fail_with(watched.error());
  return watcher;
}

Result<> Watcher::watch_documents(const Session &session) {
  const auto &directories = session.directories;
  auto paths = store::FilterFiles::search_path(directories, session.settings.filter_directories);
  paths.push_back(directories.bindings);
  paths.push_back(directories.transient_bindings);
  std::set<std::string> whole;
  for (const auto &path : paths) {
    auto name = std::filesystem::absolute(path).lexically_normal().string();
    while (name.ends_with('/'))
      name.pop_back();
    whole.insert(std::move(name));
  }
  return documents_.want(std::move(whole));
}

int Watcher::patience() const {
  auto due = due_;
  if (suspect_ && stale_ != cgroup::Change::unfinished && (!due || next_look_ < *due))
    due = next_look_;
  if (!due)
    return -1;
  const auto left = std::chrono::ceil<milliseconds>(*due - Clock::now());
  return static_cast<int>(std::max(left, milliseconds(0)).count());
}

void Watcher::update() {
  bool has_cgroups_changed = take(cgroups_) != cgroup::Change::none;
  has_cgroups_changed |= pins_ && take(*pins_) != cgroup::Change::none;
  const auto have_documents_changed = take(documents_);
  stale_ = std::max(stale_, have_documents_changed);
  const bool was_suspected = suspect_.has_value();
  take_events();
  const bool is_due = due_ ? Clock::now() >= *due_ : stale_ == cgroup::Change::finished;
  // Not while a document is away: it would be taken for one that is gone.
  const bool must_look = suspect_ && stale_ != cgroup::Change::unfinished && Clock::now() >= next_look_;
  if (!has_cgroups_changed && !is_due && !must_look && have_documents_changed != cgroup::Change::finished) {
    const auto delay = std::chrono::ceil<milliseconds>(next_look_ - Clock::now());
    if (suspect_ && !was_suspected && delay > between_looks)
      listener_->tell_delay(*suspect_, delay);
    if (stale_ == cgroup::Change::unfinished && !due_)
      due_ = Clock::now() + time_to_finish;
    return;
  }
  const bool is_done = bring_to_kernel();
  if (is_done) {
    due_.reset();
    retry_ = milliseconds(0);
  } else {
    retry_ = std::clamp(2 * retry_, first_retry, last_retry);
    due_ = Clock::now() + retry_;
  }
  // Other commands of nwgate commit what the documents say, and we may have been about to do it.
  const bool is_expected =
      suspect_ && suspect_->name == "nwgate" && (has_cgroups_changed || have_documents_changed != cgroup::Change::none);
  look_again(is_done, is_expected);
}

bool Watcher::take_events() {
  auto news = events_.take();
  if (!news) {
    print_failure(news.error());
    suspect_ = netlink::RulesetEvents::Committer{};
    return false;
  }
  if (news->others)
    suspect_ = std::move(news->others);
  return news->own;
}

/// Behind a commit, if there was one: whose work it has mended, and when to look again.
void Watcher::look_again(bool is_done, bool is_expected) {
  const auto suspect = std::exchange(suspect_, std::nullopt);
  const bool has_committed = take_events();
  const auto now = Clock::now();
  if (!is_done) {
    if (!suspect_)
      suspect_ = suspect;
    next_look_ = *due_;
    return;
  }
  if (!suspect || !has_committed || is_expected) {
    next_look_ = std::max(next_look_, now + between_looks);
    return;
  }
  listener_->tell_mended(*suspect);
  pause_ = now - last_mended_ > time_to_forget ? first_pause : std::min(2 * pause_, last_pause);
  last_mended_ = now;
  next_look_ = now + pause_;
}

cgroup::Change Watcher::take(cgroup::Watch &watch) const {
  const auto changed = watch.changed();
  if (changed)
    return *changed;
  print_failure(changed.error());
  return cgroup::Change::finished;
}

bool Watcher::bring_to_kernel() {
  const auto lock = store::Lock::take(store::Directories(options_.root).lock_file);
  if (!lock) {
    print_failure(lock.error());
    return false;
  }
  // Another command may have changed documents, and the kernel with them, while it had the lock.
  stale_ = std::max(stale_, take(documents_));
  const bool are_documents_new = stale_ != cgroup::Change::none;
  if (are_documents_new && !read_documents())
    return false;
  auto &[session, compiler, host] = *read_;
  auto placed = place_cgroups(host, compiler);
  if (!placed) {
    print_failure(placed.error());
    return false;
  }
  HostChange change;
  change.cgroups = std::move(*placed);
  change.bpf = all_bpf(host);
  change.bpf.only_where_missing = !are_documents_new;
  std::set<std::string> attached;
  change.bpf.when_attached = [&attached](const CgroupName &name) { attached.insert(name.to_string()); };
  const int code = commit_change(session, change, Scope::named_ports, socket_);
  print_errors(session);
  if (code != exit_done && are_documents_new)
    stale_ = cgroup::Change::finished; // what has changed is not in the kernel yet
  if (code == exit_done)
    tell_states(*change.cgroups, attached, are_documents_new);
  return code == exit_done;
}

bool Watcher::read_documents() {
  auto opened = Session::open(options_);
  if (std::holds_alternative<int>(opened))
    return false;
  auto documents = std::make_unique<Documents>(std::move(std::get<Session>(opened)));
  auto &[session, compiler, host] = *documents;
  if (auto watched = watch_documents(session); !watched) {
    print_failure(watched.error());
    return false;
  }
  auto compiled = compile_cgroups(session, compiler, true);
  print_errors(session);
  if (!compiled) {
    print_failure(compiled.error());
    return false;
  }
  host = std::move(*compiled);
  std::set<std::string> directories;
  const auto want = [&](const CgroupName &name) {
    if (!name.path.empty())
      directories.insert(name.path == "/" ? root_ : root_ + name.path);
  };
  for (const auto &cgroup : host.compiled)
    want(cgroup.name);
  for (const auto &name : host.broken)
    want(name);
  if (auto watched = cgroups_.want(std::move(directories)); !watched) {
    print_failure(watched.error());
    return false;
  }
  read_ = std::move(documents);
  stale_ = cgroup::Change::none;
  if (auto watched = watch_pins(); !watched) { // as when there are too many of them
    print_failure(watched.error());
    pins_.reset();
  }
  return true;
}

Result<> Watcher::watch_pins() {
  std::set<std::string> wanted;
  const BpfPins pins(read_->session);
  for (const auto &cgroup : read_->host.compiled)
    if (cgroup.filter)
      wanted.merge(pins.links_of(cgroup.name.to_string()));
  if (wanted.empty()) {
    pins_.reset();
    return {};
  }
  if (!pins_) {
    auto opened = cgroup::Watch::open(BpfPins::file_system);
    if (!opened)
      return fail(std::move(opened.error()));
    pins_ = std::move(*opened);
  }
  return pins_->want(std::move(wanted));
}

void Watcher::tell_states(const PlacedCgroups &placed, const std::set<std::string> &attached, bool are_documents_new) {
  std::map<std::string, std::string> states; // `attached` with the id, so that another cgroup is told
  for (const auto &cgroup : read_->host.compiled)
    states[cgroup.name.to_string()] = "waits";
  for (const auto &name : read_->host.broken)
    states[name.to_string()] = "broken";
  for (const auto &cgroup : placed.cgroups)
    states[cgroup.name.to_string()] = fmt::format("attached {}", cgroup.id);
  std::optional<cgroup::Hierarchy> hierarchy;
  for (const auto &cgroup : read_->host.compiled) // of BPF
    if (const auto key = cgroup.filter ? find_cgroup(cgroup.name, hierarchy) : std::nullopt; key && *key)
      states[cgroup.name.to_string()] = fmt::format("attached {}", (**key).id);
  for (const auto &[name, state] : states)
    if (const auto told = told_.find(name); told == told_.end() || told->second != state)
      listener_->tell_cgroup(name, state.substr(0, state.find(' ')));
    else if (attached.contains(name) && !are_documents_new)
      listener_->tell_cgroup(name, "mended");
  for (const auto &[name, state] : told_)
    if (!states.contains(name))
      listener_->tell_cgroup(name, "unbound");
  told_ = std::move(states);
}

} // namespace nwgate
