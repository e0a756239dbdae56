// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/interface.h"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::xtables::ip {
namespace {

/// What the tools compare the name with to say `! -i +`: no interface can have a slash in its name.
constexpr std::string_view impossible_name("INVAL/D\0", 8);

Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()}; }

/// The name that stands behind a comparison with `data`. With its NUL it is the whole name, without a prefix.
std::optional<std::string> name_of(std::string_view data) {
  std::string name(data);
  if (data.ends_with('\0')) {
    name.pop_back();
    if (name.ends_with('+'))
      return std::nullopt;
  } else {
    name += '+';
  }
  return is_interface_name(name) && name != "+" ? std::optional(name) : std::nullopt;
}

} // namespace

bool is_interface_name(std::string_view name) {
  using namespace std::string_view_literals;
  return !name.empty() && name.size() < IFNAMSIZ && name.find_first_of("/ \t\n\v\f\r\0"sv) == name.npos;
}

Refusal encode(const Interface &match, const Context & /*context*/, ExpressionWriter &writer) {
  const auto &[name, negated] = match.name;
  if (!is_interface_name(name))
    return fmt::format("'{}' is no name of an interface", name);
  writer.meta(match.side == Side::source ? NFT_META_IIFNAME : NFT_META_OIFNAME);
  if (name == "+") {
    if (negated)
      writer.compare(bytes_of(impossible_name), false);
  } else if (name.ends_with('+')) {
    writer.compare(bytes_of(std::string_view(name).substr(0, name.size() - 1)), negated);
  } else {
    writer.compare(bytes_of({name.c_str(), name.size() + 1}), negated);
  }
  return std::nullopt;
}

std::optional<Match> decode_interface(std::uint32_t key, ExpressionReader &reader) {
  Interface match{key == NFT_META_IIFNAME ? Side::source : Side::destination, {"+", false}};
  const auto compare = reader.take_compare();
  if (!compare)
    return match;
  const std::string data(compare->data.begin(), compare->data.end());
  if (data == impossible_name && !compare->negated) {
    match.name.negated = true;
    return match;
  }
  const auto name = name_of(data);
  if (!name)
    return std::nullopt;
  match.name = {*name, compare->negated};
  return match;
}

std::string save_text(const Interface &match, Family /*family*/) {
  const auto &[name, negated] = match.name;
  if (name == "+" && !negated)
    return {};
  return fmt::format("{}-{} {}", bang(negated), match.side == Side::source ? 'i' : 'o', name);
}

} // namespace nwgate::xtables::ip
