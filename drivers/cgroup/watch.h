// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tells when directories come and go: those of cgroups, which are made again under the same path with another id, and
/// those of documents, with what is in them.
#pragma once

#include "engine/base/result.h"

#include <map>
#include <set>
#include <string>

namespace nwgate::cgroup {

enum class Change {
  none,
  /// Something went, or is not written to its end: what takes its place may follow.
  unfinished,
  /// Something has come, or nobody knows what has happened.
  finished,
};

/// Sees every change behind the call of want() that was told what is wanted: look at the directories after it, and
/// after each changed() that found one.
class Watch {
public:
  /// `base` exists, and is above all that will be wanted. Files whose names end in `suffix` and begin with no dot are
  /// of interest in wanted directories, too, unless it is empty.
  static Result<Watch> open(std::string base, std::string suffix = {});
  Watch(Watch &&other) noexcept;
  Watch &operator=(Watch &&other) noexcept;
  Watch(const Watch &) = delete;
  Watch &operator=(const Watch &) = delete;
  ~Watch();

  /// From now on these directories, whether they exist or not: whole paths.
  Result<> want(std::set<std::string> paths);
  /// For poll(): readable when there is something to ask changed() about.
  [[nodiscard]] int descriptor() const { return file_; }
  /// Takes all that has happened since the last call, and does not wait.
  Result<Change> changed();

private:
  Watch(int file, std::string base, std::string suffix)
      : file_(file), base_(std::move(base)), suffix_(std::move(suffix)) {}
  Result<> watch_what_exists();
  [[nodiscard]] Change meaning_of(int descriptor, unsigned mask, const std::string &name) const;

  int file_;
  std::string base_, suffix_;
  std::set<std::string> wanted_;
  /// What is wanted and all directories above it, below the base.
  std::set<std::string> ways_;
  /// By inotify's descriptor.
  std::map<int, std::string> watched_;
};

} // namespace nwgate::cgroup
