// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/capture/pcap_library.h"

#include <dlfcn.h>

namespace nwgate::capture {
namespace {

/// Of Debian and Ubuntu, and of all others.
constexpr auto debian_name = "libpcap.so.0.8";
constexpr auto other_name = "libpcap.so.1";

template <typename Function> void find(void *library, const char *name, Function &function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
}

std::string last_error() {
  const char *text = dlerror(); // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? "unknown error" : text;
}

} // namespace

Result<PcapLibrary> PcapLibrary::load() {
  void *library = dlopen(debian_name, RTLD_NOW | RTLD_LOCAL);
  const auto why = library == nullptr ? last_error() : std::string();
  if (library == nullptr)
    library = dlopen(other_name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return fail(Error("cannot load libpcap, which reads captures: " + why));
  PcapLibrary pcap;
  find(library, "pcap_fopen_offline_with_tstamp_precision", pcap.fopen_offline_with_tstamp_precision);
  find(library, "pcap_next_ex", pcap.next_ex);
  find(library, "pcap_datalink", pcap.datalink);
  find(library, "pcap_datalink_val_to_name", pcap.datalink_val_to_name);
  find(library, "pcap_geterr", pcap.geterr);
  find(library, "pcap_close", pcap.close);
  if (pcap.fopen_offline_with_tstamp_precision == nullptr || pcap.next_ex == nullptr || pcap.datalink == nullptr ||
      pcap.datalink_val_to_name == nullptr || pcap.geterr == nullptr || pcap.close == nullptr)
    return fail(Error("libpcap is too old to read captures with: it lacks a function"));
  return pcap;
}

} // namespace nwgate::capture
