// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/host_names.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <net/ethernet.h>
#include <netdb.h>

namespace nwgate::xtables::bridge {
namespace {

using EtherTypes = std::map<std::uint16_t, std::string>;

/// A line is `NAME HEX ALIAS...`; a `#` begins a comment. Numbers below ETH_ZLEN or that do not end at a
/// blank are passed over, and so is a last line without a newline: all as libxtables does it.
EtherTypes read_ether_types(const char *path) {
  EtherTypes types;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line) && !file.eof()) {
    if (line.starts_with('#'))
      continue;
    line.resize(std::min(line.find('#'), line.size()));
    const auto name_end = line.find_first_of(" \t");
    const auto number = line.find_first_not_of(" \t", name_end);
    if (number == line.npos)
      continue;
    const auto number_end = std::min(line.find_first_of(" \t", number), line.size());
    char *parsed_end = nullptr;
    const long type = std::strtol(line.c_str() + number, &parsed_end, 16);
    if (parsed_end == line.c_str() + number_end && type >= ETH_ZLEN && type <= 0xffff)
      types.try_emplace(static_cast<std::uint16_t>(type), line.substr(0, name_end));
  }
  return types;
}

} // namespace

std::string ether_type_name(std::uint16_t type) {
  static const EtherTypes types = read_ether_types("/etc/ethertypes");
  const auto found = types.find(type);
  return found == types.end() ? fmt::format("0x{:x}", type) : found->second;
}

std::string protocol_name(std::uint8_t protocol) {
  protoent entry{};
  protoent *found = nullptr;
  char buffer[2048];
  if (getprotobynumber_r(protocol, &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr)
    return found->p_name;
  return fmt::format("{}", protocol);
}

} // namespace nwgate::xtables::bridge
