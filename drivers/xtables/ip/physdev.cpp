// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/physdev.h"

#include "drivers/xtables/ip/interface.h"

#include <cstring>
#include <fmt/format.h>

#include <linux/netfilter/xt_physdev.h>

namespace nwgate::xtables::ip {
namespace {

using Port = std::optional<Term<std::string>>;

/// A whole name is compared with its NUL, a prefix without; the `+` stays in the name.
void put(const Port &port, char *name, char *mask, unsigned bit, xt_physdev_info &info) {
  if (!port)
    return;
  const auto &text = port->value;
  std::ranges::copy(text, name);
  std::fill_n(mask, text.ends_with('+') ? text.size() - 1 : text.size() + 1, '\xff');
  info.bitmask = static_cast<std::uint8_t>(info.bitmask | bit);
  info.invert = static_cast<std::uint8_t>(info.invert | (port->negated ? bit : 0U));
}

Port get(const char *name, unsigned bit, const xt_physdev_info &info) {
  if ((info.bitmask & bit) == 0)
    return std::nullopt;
  return Term<std::string>{std::string(name, strnlen(name, IFNAMSIZ)), (info.invert & bit) != 0};
}

Encoded<xt_physdev_info> info_of(const Physdev &match) {
  if (!match.in && !match.out && !match.is_bridged)
    return refuse("a match for bridge ports that asks for nothing");
  for (const auto *port : {&match.in, &match.out})
    if (*port && !is_interface_name((*port)->value))
      return refuse(fmt::format("'{}' is no name of an interface", (*port)->value));
  XtBuffer<xt_physdev_info> info;
  put(match.in, info->physindev, info->in_mask, XT_PHYSDEV_OP_IN, *info.operator->());
  put(match.out, info->physoutdev, info->out_mask, XT_PHYSDEV_OP_OUT, *info.operator->());
  if (match.is_bridged)
    info->bitmask |= XT_PHYSDEV_OP_BRIDGED;
  return info;
}

std::string port_text(std::string_view option, const Port &port) {
  return port ? fmt::format(" {}{} {}", bang(port->negated), option, port->value) : "";
}

} // namespace

Refusal encode(const Physdev &match, const Context & /*context*/, ExpressionWriter &writer) {
  return write_match(writer, "physdev", 0, info_of(match));
}

std::optional<Match> decode_physdev(const XtInfo &xt, const Context & /*context*/) {
  const auto buffer = XtBuffer<xt_physdev_info>::from(xt.info);
  if (!buffer)
    return std::nullopt;
  const auto &info = *buffer->operator->();
  const Physdev match{get(info.physindev, XT_PHYSDEV_OP_IN, info), get(info.physoutdev, XT_PHYSDEV_OP_OUT, info),
                      (info.bitmask & XT_PHYSDEV_OP_BRIDGED) != 0};
  return if_exact(match, *buffer, info_of(match));
}

std::string save_text(const Physdev &match, Family /*family*/) {
  return fmt::format("-m physdev{}{}{}", port_text("--physdev-in", match.in), port_text("--physdev-out", match.out),
                     match.is_bridged ? " --physdev-is-bridged" : "");
}

} // namespace nwgate::xtables::ip
