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

std::optional<std::string> cgroup2_mount_in(std::string_view mountinfo) {
  std::optional<std::string> below_the_root;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
    // ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 6 || fields.end() - dash < 2 || *(dash + 1) != "cgroup2")
      continue;
    auto mount_point = without_escapes(fields[4]);
    if (fields[3] == "/")
      return mount_point;
    if (!below_the_root)
      below_the_root = std::move(mount_point);
  }
  return below_the_root;
}

Result<Hierarchy> Hierarchy::find() {
  const char *const path = "/proc/self/mountinfo";
  std::ifstream file(path);
  if (!file)
    return fail(std::string("cannot read ") + path, errno);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto mount_point = cgroup2_mount_in(text);
  if (!mount_point)
    return fail("cgroup2 is mounted nowhere", ENOENT);
  return Hierarchy(std::move(*mount_point));
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
  return std::optional(Cgroup{status.st_ino, level_of(path)});
}

std::string Hierarchy::directory_of(const std::string &path) const {
  return path == "/" ? mount_point_ : mount_point_ + path;
}

Result<std::string> Hierarchy::own() {
  const char *const path = "/proc/self/cgroup";
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::"))
      return line.substr(3);
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

std::uint32_t level_of(std::string_view path) {
  return path == "/" ? 0 : static_cast<std::uint32_t>(std::ranges::count(path, '/'));
}

} // namespace nwgate::cgroup
