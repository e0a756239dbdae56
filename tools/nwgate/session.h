// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a command works with: settings, files, and the kernel when it is asked for.
#pragma once

#include "drivers/netlink/socket.h"
#include "drivers/store/bindings.h"
#include "drivers/store/directories.h"
#include "drivers/store/files.h"
#include "drivers/store/filters.h"
#include "drivers/store/settings.h"
#include "drivers/xtables/chain_names.h"
#include "drivers/xtables/ip_sets.h"
#include "engine/base/diagnostics.h"
#include "tools/nwgate/options.h"

#include <optional>

namespace nwgate {

struct Session {
  Session(const CommonOptions &options, store::Settings settings);

  /// Reads the settings file and lays the options over it; what is wrong is printed. The exit code on failure.
  static std::variant<Session, int> open(const CommonOptions &options);

  CommonOptions options;
  store::Settings settings;
  store::Directories directories;
  store::FilterFiles filters;
  xtables::ChainPrefix prefix;
  xtables::HostIpSets ip_sets;
  Diagnostics diagnostics;

  [[nodiscard]] store::BindingFiles bindings() const { return {directories, settings.document_limits}; }

  /// Prints the errors; `code`, or exit_document if there was an error among them.
  int finish(int code = 0);
  /// Prints errors and failure; exit_machine.
  int fail_with(const Error &error);
};

} // namespace nwgate
