// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/rule_listing.h"

#include "drivers/netlink/handles.h"
#include "drivers/xtables/codec.h"
#include "drivers/xtables/tables.h"
#include "engine/model/diagnostic_ids.h"
#include "engine/program/program.h"

#include <fmt/format.h>
#include <libnftnl/rule.h>
#include <new>

namespace nwgate::xtables {
namespace {

std::string rule_line(const Rule &rule, Family family, const std::shared_ptr<const Origin> &origin,
                      Diagnostics &diagnostics) {
  const netlink::NftRule native(nftnl_rule_alloc());
  if (!native)
    throw std::bad_alloc();
  if (const auto why = encode(rule, family, AnySet(), *native)) {
    diagnostics.error(id::not_expressible, origin ? origin->where : SourcePosition{}, "layout xtables: " + *why);
    return {};
  }
  return "  " + expressions_text(*native) + '\n';
}

} // namespace

std::string expression_text(const nftnl_expr &expression) {
  char buffer[4096];
  const int size = nftnl_expr_snprintf(buffer, sizeof buffer, &expression, NFTNL_OUTPUT_DEFAULT, 0);
  return fmt::format(
      "[ {} {}]", nftnl_expr_get_str(&expression, NFTNL_EXPR_NAME),
      std::string_view(buffer,
                       size < 0 ? 0 : std::min<std::size_t>(static_cast<std::size_t>(size), sizeof buffer - 1)));
}

std::string expressions_text(const nftnl_rule &rule) {
  std::string text;
  nftnl_expr_foreach(
      const_cast<nftnl_rule *>(&rule),
      [](nftnl_expr *expression, void *data) {
        auto &out = *static_cast<std::string *>(data);
        out += (out.empty() ? "" : " ") + expression_text(*expression);
        return 0;
      },
      &text);
  return text;
}

std::string to_nft_text(const PortRuleset &ruleset, Diagnostics &diagnostics) {
  std::string text;
  for (const auto &chain : ruleset.chains) {
    text += fmt::format("chain {} {}\n", to_text(table_of(chain.family)), chain.name);
    for (const auto &placed : chain.rules)
      text += rule_line(placed.rule, chain.family, placed.origin, diagnostics);
  }
  for (const auto &link : ruleset.links)
    text += fmt::format("rule {} {}\n{}", to_text(table_of(link.family)), link.chain,
                        rule_line(link.rule, link.family, nullptr, diagnostics));
  return text;
}

} // namespace nwgate::xtables
