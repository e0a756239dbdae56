// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keeps the bindings of cgroups in the kernel while cgroups and documents change: what `nwgate watch` runs.
#pragma once

#include "drivers/cgroup/watch.h"
#include "tools/nwgate/cgroups.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace nwgate {

class Watcher {
public:
  /// `tell` is given a cgroup's name and its new state.
  using Tell = std::function<void(const std::string &name, const std::string &state)>;

  /// Nothing is done to the kernel yet; a failure is printed, and its exit code returned.
  static std::variant<Watcher, int> open(const CommonOptions &options, Tell tell);

  /// Readable when cgroups, or documents, have changed.
  [[nodiscard]] int cgroups_descriptor() const { return cgroups_.descriptor(); }
  [[nodiscard]] int documents_descriptor() const { return documents_.descriptor(); }
  /// How long to wait for them before update() is called anyway: for poll(), -1 for ever.
  [[nodiscard]] int patience() const;

  /// Has the next update() read the documents, whatever has happened.
  void forget_documents() {
    stale_ = cgroup::Change::finished;
    due_.reset();
  }
  /// Brings what has happened to the kernel: cgroups at once, documents when they are written to their end. What fails
  /// is printed, and tried again later.
  void update();

private:
  /// What the documents say. The compiler refers to the session.
  struct Documents {
    explicit Documents(Session opened) : session(std::move(opened)), compiler(session) {}
    Session session;
    Compiler compiler;
    HostCgroups host;
  };

  Watcher(CommonOptions options, Tell tell, std::string root, cgroup::Watch cgroups, cgroup::Watch documents)
      : options_(std::move(options)), tell_(std::move(tell)), root_(std::move(root)), cgroups_(std::move(cgroups)),
        documents_(std::move(documents)) {}
  Result<> watch_documents(const Session &session);
  cgroup::Change take(cgroup::Watch &watch) const;
  /// False when it has to be tried again.
  bool bring_to_kernel();
  bool read_documents();
  void tell_states(const PlacedCgroups &placed);

  CommonOptions options_;
  Tell tell_;
  /// The directory of the root cgroup.
  std::string root_;
  cgroup::Watch cgroups_, documents_;
  /// Nothing before they were read for the first time.
  std::unique_ptr<Documents> read_;
  /// What has become of the documents since.
  cgroup::Change stale_ = cgroup::Change::finished;
  std::map<std::string, std::string> told_;
  /// When update() has something to do that nobody tells.
  std::optional<std::chrono::steady_clock::time_point> due_;
  /// 0 when all is well.
  std::chrono::milliseconds retry_{0};
};

} // namespace nwgate
