// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keeps the bindings of cgroups in the kernel while cgroups, documents and the kernel's rules change: what `nwgate
/// watch` runs.
#pragma once

#include "drivers/cgroup/watch.h"
#include "drivers/netlink/ruleset_events.h"
#include "tools/nwgate/cgroups.h"

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace nwgate {

/// What a watcher tells.
class Listener {
public:
  virtual ~Listener() = default;
  /// A cgroup's name and its new state.
  virtual void tell_cgroup(const std::string &name, const std::string &state) = 0;
  /// Somebody else has changed rules of cgroups in a table. They are mended, or, if it happens too often, will be in a
  /// while.
  virtual void tell_mended(const netlink::RulesetEvents::Committer &by) = 0;
  virtual void tell_delay(const netlink::RulesetEvents::Committer &by, std::chrono::milliseconds delay) = 0;
};

class Watcher {
public:
  /// Nothing is done to the kernel yet; a failure is printed, and its exit code returned. The listener outlives it.
  static std::variant<Watcher, int> open(const CommonOptions &options, Listener &listener);

  /// Readable when cgroups, documents, rules of the kernel or pins of BPF have changed; a negative one never is.
  [[nodiscard]] std::array<int, 4> descriptors() const {
    return {cgroups_.descriptor(), documents_.descriptor(), events_.descriptor(), pins_ ? pins_->descriptor() : -1};
  }
  /// How long to wait for them before update() is called anyway: for poll(), -1 for ever.
  [[nodiscard]] int patience() const;

  /// Has the next update() read the documents, whatever has happened.
  void forget_documents() {
    stale_ = cgroup::Change::finished;
    due_.reset();
  }
  /// Brings what has happened to the kernel: cgroups and what others have changed there at once, documents when they
  /// are written to their end. What fails is printed, and tried again later.
  void update();

private:
  /// What the documents say. The compiler refers to the session.
  struct Documents {
    explicit Documents(Session opened) : session(std::move(opened)), compiler(session) {}
    Session session;
    Compiler compiler;
    HostCgroups host;
  };

  using Clock = std::chrono::steady_clock;

  Watcher(CommonOptions options, Listener &listener, std::string root, cgroup::Watch cgroups, cgroup::Watch documents,
          netlink::Socket socket, netlink::RulesetEvents events)
      : options_(std::move(options)), listener_(&listener), root_(std::move(root)), cgroups_(std::move(cgroups)),
        documents_(std::move(documents)), socket_(std::move(socket)), events_(std::move(events)) {}
  Result<> watch_documents(const Session &session);
  cgroup::Change take(cgroup::Watch &watch) const;
  /// Whether a commit of our own was among what the kernel told. What others did is suspected then.
  bool take_events();
  void look_again(bool is_done, bool is_expected);
  /// False when it has to be tried again.
  bool bring_to_kernel();
  bool read_documents();
  Result<> watch_pins();
  /// `attached` by BPF just now; those that were attached before are told to be mended, unless their documents are new.
  void tell_states(const PlacedCgroups &placed, const std::set<std::string> &attached, bool are_documents_new);

  CommonOptions options_;
  Listener *listener_;
  /// The directory of the root cgroup.
  std::string root_;
  cgroup::Watch cgroups_, documents_;
  /// Nothing while no document asks for BPF.
  std::optional<cgroup::Watch> pins_;
  /// For what is committed; its commits are not suspected.
  netlink::Socket socket_;
  netlink::RulesetEvents events_;
  /// Nothing before they were read for the first time.
  std::unique_ptr<Documents> read_;
  /// What has become of the documents since.
  cgroup::Change stale_ = cgroup::Change::finished;
  std::map<std::string, std::string> told_;
  /// When update() has something to do that nobody tells.
  std::optional<Clock::time_point> due_;
  /// 0 when all is well.
  std::chrono::milliseconds retry_{0};
  /// Who may have changed our rules in the kernel since they were brought there.
  std::optional<netlink::RulesetEvents::Committer> suspect_;
  /// A suspicion is not looked into before this time, and how long that was put off when the rules were mended last.
  Clock::time_point next_look_, last_mended_;
  std::chrono::milliseconds pause_{0};
};

} // namespace nwgate
