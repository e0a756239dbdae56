// SPDX-License-Identifier: LGPL-2.1-or-later
/// The settings file, nwgate.conf: lines `key = value`, comments behind `#`.
#pragma once

#include "engine/base/diagnostics.h"
#include "engine/base/result.h"
#include "engine/resolve/limits.h"
#include "engine/xml/document.h"

#include <cstdint>
#include <string>
#include <vector>

namespace nwgate::store {

struct Settings {
  /// `layout`: how rules are laid out in the kernel.
  std::string layout = "nftables";
  /// `mark-mask`: the bits of packets' marks that are ours, next to one another.
  std::uint32_t mark_mask = 0x0ffff000;
  /// `bridge-conntrack`: whether the IP layers stand in the bridge family where that tracks connections; `auto` or
  /// `off`.
  std::string bridge_conntrack = "auto";
  /// `bridge-netfilter`: what to do where bridged packets do not come to the IP layers; `refuse` or `enable`.
  std::string bridge_netfilter = "refuse";
  /// `chain-prefix`: of the chains that are not named after a port alone.
  std::string chain_prefix = "nwgate";
  /// `filter-directory`, may be given several times: further directories of filters, such as libvirt's own.
  std::vector<std::string> filter_directories;
  /// `max-document-size`, `max-nesting`.
  xml::Limits document_limits;
  /// `max-include-depth`, `max-rules`.
  ResolveLimits resolve_limits;
};

/// Reads the file; all defaults when there is none. What is wrong in it is reported.
Result<Settings> read_settings(const std::string &path, Diagnostics &diagnostics);

/// Where the file says the key.
SourcePosition place_of_setting(const std::string &path, const std::string &key);

} // namespace nwgate::store
