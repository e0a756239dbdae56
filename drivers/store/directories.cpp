// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/directories.h"

#include <filesystem>

namespace nwgate::store {
namespace {

std::string without_trailing_slash(std::string path) {
  while (path.ends_with('/'))
    path.pop_back();
  return path;
}

} // namespace

Directories::Directories(const std::string &root) {
  const auto base = without_trailing_slash(root);
  settings_file = base + "/etc/nwgate/nwgate.conf";
  filters = base + "/etc/nwgate/filters";
  bindings = base + "/etc/nwgate/bindings";
  defined_filters = base + "/var/lib/nwgate/filters";
  transient_bindings = base + "/run/nwgate/bindings";
  lock_file = base + "/run/nwgate/lock";
  shipped_filters.push_back(base + "/usr/share/nwgate/filters");
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    auto beside = (program.parent_path().parent_path() / "share/nwgate/filters").string();
    if (beside != shipped_filters.front())
      shipped_filters.push_back(std::move(beside));
  }
}

} // namespace nwgate::store
