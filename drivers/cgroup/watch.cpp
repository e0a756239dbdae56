// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/cgroup/watch.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

namespace nwgate::cgroup {
namespace {

constexpr unsigned comes = IN_CREATE | IN_MOVED_TO, goes = IN_DELETE | IN_MOVED_FROM;

} // namespace

Result<Watch> Watch::open(std::string base, std::string suffix) {
  const int file = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (file < 0)
    return fail("cannot watch directories", errno);
  return Watch(file, std::move(base), std::move(suffix));
}

Watch::Watch(Watch &&other) noexcept
    : file_(std::exchange(other.file_, -1)), base_(std::move(other.base_)), suffix_(std::move(other.suffix_)),
      wanted_(std::move(other.wanted_)), ways_(std::move(other.ways_)), watched_(std::move(other.watched_)) {}

Watch &Watch::operator=(Watch &&other) noexcept {
  std::swap(file_, other.file_);
  std::swap(base_, other.base_);
  std::swap(suffix_, other.suffix_);
  std::swap(wanted_, other.wanted_);
  std::swap(ways_, other.ways_);
  std::swap(watched_, other.watched_);
  return *this;
}

Watch::~Watch() {
  if (file_ >= 0)
    close(file_);
}

Result<> Watch::want(std::set<std::string> paths) {
  wanted_ = std::move(paths);
  ways_.clear();
  for (auto path : wanted_)
    while (path.size() > base_.size() && ways_.insert(path).second)
      path.resize(path.rfind('/'));
  return watch_what_exists();
}

Result<> Watch::watch_what_exists() {
  std::map<int, std::string> watched;
  std::set<std::string> missing;
  const auto add = [&](const std::string &path) -> Result<> {
    const bool has_files = !suffix_.empty() && wanted_.contains(path);
    const unsigned mask = comes | goes | IN_ONLYDIR | (has_files ? IN_CLOSE_WRITE : 0U);
    const int descriptor = inotify_add_watch(file_, path.empty() ? "/" : path.c_str(), mask);
    if (descriptor >= 0)
      watched[descriptor] = path;
    else if (path != base_ && (errno == ENOENT || errno == ENOTDIR))
      missing.insert(path);
    else
      return fail("cannot watch " + (path.empty() ? "/" : path) +
                      (errno == ENOSPC ? " (fs.inotify.max_user_watches)" : ""),
                  errno);
    return {};
  };
  // From above: what comes into being below a directory is told from when that is watched on, and then looked at.
  if (auto added = add(base_); !added)
    return added;
  for (const auto &path : ways_) {
    const auto below = ways_.lower_bound(path + '/');
    const bool is_inner = !suffix_.empty() || (below != ways_.end() && below->starts_with(path + '/'));
    if (!is_inner || missing.contains(path.substr(0, path.rfind('/'))))
      missing.insert(path);
    else if (auto added = add(path); !added)
      return added;
  }
  for (const auto &[descriptor, path] : watched_)
    if (!watched.contains(descriptor))
      inotify_rm_watch(file_, descriptor); // fails if the directory is gone, and the watch with it
  watched_ = std::move(watched);
  return {};
}

Change Watch::meaning_of(int descriptor, unsigned mask, const std::string &name) const {
  if ((mask & (IN_Q_OVERFLOW | IN_UNMOUNT)) != 0)
    return Change::finished;
  const auto directory = watched_.find(descriptor);
  if (directory == watched_.end() || name.empty())
    return Change::none;
  if (ways_.contains(directory->second + '/' + name))
    return (mask & comes) != 0 ? Change::finished : (mask & goes) != 0 ? Change::unfinished : Change::none;
  if (suffix_.empty() || !name.ends_with(suffix_) || name.starts_with('.') || !wanted_.contains(directory->second))
    return Change::none;
  return (mask & (IN_MOVED_TO | IN_CLOSE_WRITE)) != 0 ? Change::finished : Change::unfinished;
}

Result<Change> Watch::changed() {
  auto change = Change::none;
  alignas(inotify_event) char buffer[64 * (sizeof(inotify_event) + NAME_MAX + 1)];
  for (;;) {
    const auto size = read(file_, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0 && errno != EAGAIN)
      return fail("cannot read what has changed", errno);
    if (size <= 0)
      break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const char *const name = buffer + at + sizeof event;
      change = std::max(change, meaning_of(event.wd, event.mask, std::string(name, strnlen(name, event.len))));
      at += sizeof event + event.len;
    }
  }
  if (change != Change::none)
    if (auto watched = watch_what_exists(); !watched)
      return fail(std::move(watched.error()));
  return change;
}

} // namespace nwgate::cgroup
