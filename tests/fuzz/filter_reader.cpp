// SPDX-License-Identifier: LGPL-2.1-or-later
// A document, read, resolved, closed with values that fit, and laid out.

#include "engine/xml/filter_reader.h"
#include "drivers/xtables/layout.h"
#include "drivers/xtables/restore_text.h"
#include "engine/resolve/resolve.h"
#include "engine/values/close.h"
#include "tests/fuzz/checks.h"

#include <set>

namespace {

using namespace nwgate;

/// A text that the type takes.
std::string sample(ValueType type) {
  switch (type) {
  case ValueType::mac:
  case ValueType::mac_mask:
    return "f0:00:00:00:00:00";
  case ValueType::ipv4:
    return "192.0.2.1";
  case ValueType::ipv6:
    return "2001:db8::1";
  case ValueType::ether_type:
    return "0x800";
  case ValueType::encapsulated_type:
    return "60";
  case ValueType::set_name:
    return "set";
  default:
    return "7";
  }
}

/// Two values for each variable of the program; one that is used with several types gets those of one.
Binding binding_for(const Program &program) {
  Binding binding;
  binding.port = "vnet0";
  std::set<std::string> known;
  for (const auto &chain : program.chains)
    for (const auto &rule : chain.rules)
      for (const auto &match : rule.matches)
        for (const auto &operand : match.operands)
          if (const auto *reference = std::get_if<SlotRef>(&operand)) {
            const auto &name = rule.slots.at(reference->slot).columns.at(reference->column).access.name;
            if (known.insert(name).second)
              for (int i = 0; i < 2; ++i)
                binding.filter.parameters.push_back({name, sample(reference->type), {}});
          }
  return binding;
}

/// The filter, under every name that it includes as well: so includes lead somewhere, if only to a cycle.
class OneFilter : public FilterSource {
public:
  explicit OneFilter(Filter filter) : filter_(std::move(filter)) { leaf_.name = "leaf"; }
  const Filter *find(std::string_view name, Diagnostics & /*diagnostics*/) override {
    return name == filter_.name ? &filter_ : name.size() % 2 == 0 ? &leaf_ : nullptr;
  }

private:
  Filter filter_;
  Filter leaf_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  Diagnostics of_document;
  auto filter = xml::read_filter(fuzz::source(data, size), {}, of_document);
  fuzz::check(of_document, !filter);
  if (!filter)
    return 0;

  const std::string name = filter->name;
  OneFilter filters(std::move(*filter));
  Diagnostics of_filters;
  const ResolveLimits limits{8, 1000};
  const auto program = resolve(name, {}, filters, limits, of_filters);
  fuzz::check(of_filters, !program);
  if (!program)
    return 0;
  fuzz::check(*program, false);

  Diagnostics of_values;
  const auto closed = close(*program, BindingValues(binding_for(*program)), limits, of_values);
  fuzz::check(of_values, !closed);
  if (!closed)
    return 0;
  fuzz::check(closed->program, true);

  Diagnostics of_layout;
  const xtables::ChainPrefix prefix;
  const auto ruleset = xtables::lay_out(*closed, "vnet0", prefix, of_layout);
  fuzz::check(of_layout, !ruleset);
  if (ruleset)
    (void)xtables::to_restore_text(*ruleset, prefix);
  return 0;
}
