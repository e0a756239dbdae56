// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is used of libpcap, which is loaded when it is needed.
#pragma once

#include "engine/base/result.h"

#include <pcap/pcap.h>

namespace nwgate::capture {

/// The functions of libpcap, under their names without `pcap_`.
struct PcapLibrary {
  decltype(&pcap_fopen_offline_with_tstamp_precision) fopen_offline_with_tstamp_precision = nullptr;
  decltype(&pcap_next_ex) next_ex = nullptr;
  decltype(&pcap_datalink) datalink = nullptr;
  decltype(&pcap_datalink_val_to_name) datalink_val_to_name = nullptr;
  decltype(&pcap_geterr) geterr = nullptr;
  decltype(&pcap_close) close = nullptr;

  /// The library stays loaded.
  static Result<PcapLibrary> load();
};

} // namespace nwgate::capture
