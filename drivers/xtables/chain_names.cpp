// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/chain_names.h"

#include <fmt/format.h>

namespace nwgate::xtables {
namespace {

/// libvirt's letters are the host's: what leaves the port comes in.
char letter(Direction direction) { return direction == Direction::out ? 'I' : 'O'; }

} // namespace

SharedChains shared_chains(const ChainPrefix &prefix) {
  return {prefix.text + "-in", prefix.text + "-out", prefix.text + "-in-post", prefix.text + "-host-in"};
}

std::string bridge_root(const ChainPrefix &prefix, Direction direction, std::string_view port) {
  return fmt::format("{}-{}-{}", prefix.text, letter(direction), port);
}

std::string bridge_sub_chain(Direction direction, std::string_view port, std::string_view suffix) {
  return fmt::format("{}-{}-{}", letter(direction), port, suffix);
}

PortChains port_chains(std::string_view port) {
  return {fmt::format("FI-{}", port), fmt::format("FO-{}", port), fmt::format("HI-{}", port)};
}

} // namespace nwgate::xtables
