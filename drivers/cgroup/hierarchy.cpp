// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/cgroup/hierarchy.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace nwgate::cgroup {
namespace {

/// A field of mountinfo: blanks, tabs, newlines and backslashes are written as octal numbers.
std::string without_escapes(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto digit = [&](std::size_t offset) { return static_cast<unsigned>(text[at + offset] - '0'); };
    if (text[at] == '\\' && at + 3 < text.size() && digit(1) < 8 && digit(2) < 8 && digit(3) < 8) {
      result += static_cast<char>(digit(1) << 6U | digit(2) << 3U | digit(3));
      at += 3;
    } else {
      result += text[at];
    }
  }
  return result;
}

} // namespace

std::optional<Mount> cgroup2_mount_in(std::string_view mountinfo) {
  std::optional<Mount> of_another;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
    // ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 6 || fields.end() - dash < 2 || *(dash + 1) != "cgroup2")
      continue;
    Mount mount{without_escapes(fields[4]), without_escapes(fields[3])};
    if (mount.root == "/")
      return mount;
    if (!of_another)
      of_another = std::move(mount);
  }
  return of_another;
}

Result<Hierarchy> Hierarchy::find() {
  const char *const path = "/proc/self/mountinfo";
  std::ifstream file(path);
  if (!file)
    return fail(std::string("cannot read ") + path, errno);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto mount = cgroup2_mount_in(text);
  if (!mount)
    return fail("cgroup2 is mounted nowhere", ENOENT);
  return Hierarchy(std::move(*mount));
}

Result<std::optional<Cgroup>> Hierarchy::look_up(const std::string &path) const {
  const auto directory = directory_of(path);
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return std::optional<Cgroup>();
    return fail("cannot look up cgroup " + directory, errno);
  }
  if (!S_ISDIR(status.st_mode)) // a file of the cgroup above
    return std::optional<Cgroup>();
  return std::optional(Cgroup{status.st_ino, level_of(mount_.root) + level_of(path)});
}

std::optional<std::string> Hierarchy::path_in_namespace(const std::string &path) const {
  if (mount_.root == "/")
    return path;
  if (mount_.root.starts_with("/.."))
    return std::nullopt;
  return path == "/" ? mount_.root : mount_.root + path;
}

std::string Hierarchy::directory_of(const std::string &path) const {
  return path == "/" ? mount_.point : mount_.point + path;
}

Result<std::string> Hierarchy::own() const {
  const char *const path = "/proc/self/cgroup";
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::")) {
      auto below = path_below(mount_.root, std::string_view(line).substr(3));
      if (below)
        return std::move(*below);
      return fail(Error("the cgroup of this process, " + line.substr(3) + ", is not seen at " + mount_.point +
                        ", where " + mount_.root + " is mounted"));
    }
  return fail(std::string("cannot find the cgroup of this process in ") + path, ENOENT);
}

Result<> Hierarchy::make(const std::string &path) const {
  const auto directory = directory_of(path);
  if (mkdir(directory.c_str(), 0755) != 0)
    return fail("cannot make cgroup " + directory, errno);
  return {};
}

Result<> Hierarchy::remove(const std::string &path) const {
  const auto directory = directory_of(path);
  if (rmdir(directory.c_str()) != 0 && errno != ENOENT)
    return fail("cannot remove cgroup " + directory, errno);
  return {};
}

std::int32_t level_of(std::string_view path) {
  std::int32_t level = 0;
  std::istringstream names{std::string(path)};
  for (std::string name; std::getline(names, name, '/');)
    if (!name.empty())
      level += name == ".." ? -1 : 1;
  return level;
}

std::optional<std::string> path_below(std::string_view mounted, std::string_view cgroup) {
  if (mounted == "/")
    return std::string(cgroup);
  if (mounted.starts_with("/..") || !cgroup.starts_with(mounted))
    return std::nullopt;
  const auto rest = cgroup.substr(mounted.size());
  if (!rest.empty() && rest.front() != '/')
    return std::nullopt;
  return std::string(rest.empty() ? "/" : rest);
}

} // namespace nwgate::cgroup
