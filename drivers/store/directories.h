// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where nwgate's files are.
#pragma once

#include <string>
#include <vector>

namespace nwgate::store {

struct Directories {
  /// All below `root`, which is empty for the host itself.
  explicit Directories(const std::string &root);

  std::string settings_file;
  /// The administrator's documents.
  std::string filters, bindings;
  /// Filters that were defined through the command.
  std::string defined_filters;
  /// Bindings that were made through the command; they last until the host restarts, as their ports do.
  std::string transient_bindings;
  std::string lock_file;
  /// Shipped filters: below `root`, and beside the program (`../share/nwgate/filters` of it), which serves
  /// installations in another prefix and a build folder.
  std::vector<std::string> shipped_filters;
};

} // namespace nwgate::store
