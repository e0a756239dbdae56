// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/interface.h"

#include "drivers/xtables/bridge/option_text.h"

#include <linux/if.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::xtables::bridge {
namespace {

/// A name that the kernel allows, ebtables-restore reads back as it is, and whose only `+` may be the last
/// character. ebtables takes no `+` alone.
bool is_usable(const std::string &name) {
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." && name != "+" &&
         name.find('+') >= name.size() - 1 && name.find_first_of(std::string("/: \t\n\v\f\r\"'\\!\0", 13)) == name.npos;
}

bool is_prefix(const std::string &name) { return name.ends_with('+'); }

} // namespace

std::optional<std::string> encode(const Interface &match, ExpressionWriter &writer) {
  const auto &name = match.name.value;
  if (!is_usable(name))
    return "ebtables takes no interface name \"" + name + '"';
  const auto length = is_prefix(name) ? name.size() - 1 : name.size() + 1;
  writer.meta(match.side == Side::source ? NFT_META_IIFNAME : NFT_META_OIFNAME);
  writer.compare({reinterpret_cast<const std::uint8_t *>(name.c_str()), length}, match.name.negated);
  return std::nullopt;
}

std::optional<Interface> decode_interface(std::uint32_t key, ExpressionReader &reader) {
  if (key != NFT_META_IIFNAME && key != NFT_META_OIFNAME)
    return std::nullopt;
  const auto compare = reader.take_compare();
  if (!compare || compare->data.empty())
    return std::nullopt;
  const bool whole = compare->data.back() == 0;
  std::string name(compare->data.begin(), compare->data.end() - (whole ? 1 : 0));
  if (!whole)
    name += '+';
  if (!is_usable(name) || is_prefix(name) == whole)
    return std::nullopt;
  return Interface{key == NFT_META_IIFNAME ? Side::source : Side::destination, {name, compare->negated}};
}

std::string save_text(const Interface &match) {
  std::string text;
  add_option(text, match.side == Side::source ? "-i" : "-o", match.name.negated, match.name.value);
  return text;
}

} // namespace nwgate::xtables::bridge
