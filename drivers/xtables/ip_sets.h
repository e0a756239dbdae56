// SPDX-License-Identifier: LGPL-2.1-or-later
/// The host's IP sets, asked of the kernel.
#pragma once

#include "drivers/xtables/codec.h"

namespace nwgate::xtables {

/// Asks the kernel's ipset interface (linux/netfilter/ipset/ip_set.h) each time; needs CAP_NET_ADMIN. A kernel without
/// ipset has no sets.
class HostIpSets : public SetIndex {
public:
  [[nodiscard]] std::optional<std::uint16_t> index_of(const std::string &name) const override;
  [[nodiscard]] std::optional<std::string> name_of(std::uint16_t index) const override;
};

} // namespace nwgate::xtables
