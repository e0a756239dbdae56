// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/drift.h"

#include "drivers/nftables/describe.h"
#include "drivers/nftables/element_words.h"
#include "drivers/nftables/port_counters.h"
#include "drivers/xtables/origin_data.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <utility>

namespace nwgate::nftables {
namespace {

using netlink::Family;
using xtables::Drift;
using OperationKind = Operation::Kind;

/// A chain or set of a table.
using Name = std::pair<Family, std::string>;

std::string counted(std::size_t count, const char *what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

class Differences {
public:
  Differences(const Plan &plan, const KernelState &state, const xtables::SetIndex &sets)
      : plan_(plan), state_(state), sets_(sets) {}

  std::vector<Drift> run() {
    learn();
    for (const auto &operation : plan_.operations)
      if (operation.kind == OperationKind::add_table || operation.kind == OperationKind::delete_table ||
          !is_part_of_new(operation))
        add(operation);
    return std::move(drifts_);
  }

private:
  /// What is new as a whole, with what will be in it, and the ports of marks.
  void learn() {
    for (const auto &[name, port] : ports_in(state_))
      if (port.mark != 0)
        ports_[port.mark] = name;
    for (const auto &operation : plan_.operations) {
      const Name name{operation.family, operation.name};
      switch (operation.kind) {
      case OperationKind::add_table:
        new_tables_[operation.family] = {};
        break;
      case OperationKind::add_chain:
        if (!has_chain(name))
          contents_[name] = 0;
        break;
      case OperationKind::add_set:
        contents_[name] = 0;
        specs_[name] = &operation.spec;
        break;
      case OperationKind::add_rule:
      case OperationKind::add_verdict:
        count(name, 1);
        break;
      case OperationKind::add_elements:
        count(name, operation.elements.size() / std::max<std::size_t>(operation.spec.element_size(), 1));
        if (operation.family == Family::bridge && operation.name == shared::out_marks)
          learn_marks(operation);
        break;
      default:
        break;
      }
    }
  }

  void count(const Name &name, std::size_t more) {
    if (const auto found = contents_.find(name); found != contents_.end())
      found->second += more;
  }

  void learn_marks(const Operation &operation) {
    const ElementReader reader(operation.name, operation.spec);
    for_each_element(operation, [&](netlink::Bytes element) {
      std::uint32_t mark = 0;
      std::memcpy(&mark, element.data() + operation.spec.key_length, std::min(sizeof mark, element.size()));
      ports_[mark] = reader.read(element).port;
    });
  }

  template <typename Visit> static void for_each_element(const Operation &operation, Visit visit) {
    const auto size = operation.spec.element_size();
    const netlink::Bytes all(operation.elements);
    for (std::size_t at = 0; size > 0 && at + size <= all.size(); at += size)
      visit(all.subspan(at, size));
  }

  [[nodiscard]] bool has_chain(const Name &name) const {
    const auto *table = state_.find(name.first);
    return table != nullptr && table->chains.contains(name.second);
  }

  /// It is told with the table, chain or set that it comes with.
  [[nodiscard]] bool is_part_of_new(const Operation &operation) const {
    if (new_tables_.contains(operation.family))
      return true;
    const bool is_whole = operation.kind == OperationKind::add_chain || operation.kind == OperationKind::add_set;
    const bool is_addition = operation.kind == OperationKind::add_rule ||
                             operation.kind == OperationKind::add_elements ||
                             operation.kind == OperationKind::add_verdict;
    return !is_whole && is_addition && contents_.contains({operation.family, operation.name});
  }

  Drift &add(Drift::Kind kind, const Operation &operation, std::string text) {
    auto &drift = drifts_.emplace_back();
    drift.kind = kind;
    drift.table = table_text(operation.family);
    drift.text = std::move(text);
    return drift;
  }

  void add(const Operation &operation) {
    switch (operation.kind) {
    case OperationKind::add_table:
      add(Drift::Kind::missing, operation, "the whole table");
      break;
    case OperationKind::wake_table:
      add(Drift::Kind::missing, operation, "the whole table, which is dormant: no packet sees it");
      break;
    case OperationKind::delete_table:
      add(Drift::Kind::left_over, operation, "the whole table");
      break;
    case OperationKind::add_chain:
      add_chain(operation);
      break;
    case OperationKind::delete_chain:
      add(kind_of_thing(operation), operation, "chain " + operation.name).chain = operation.name;
      break;
    case OperationKind::add_rule:
      add_rule(Drift::Kind::missing, operation);
      break;
    case OperationKind::replace_rule:
      add_rule(Drift::Kind::moved, operation);
      break;
    case OperationKind::delete_rule:
      add_rule(is_ours(operation.rule) ? Drift::Kind::left_over : Drift::Kind::foreign, operation);
      break;
    case OperationKind::add_set: {
      const auto elements = counted(contents_[{operation.family, operation.name}], "element");
      add(Drift::Kind::missing, operation, fmt::format("set {} with {}", operation.name, elements)).set =
          operation.name;
      break;
    }
    case OperationKind::delete_set:
      add(kind_of_thing(operation), operation, "set " + operation.name).set = operation.name;
      break;
    case OperationKind::add_elements:
    case OperationKind::delete_elements:
      add_elements(operation);
      break;
    case OperationKind::add_verdict:
    case OperationKind::delete_verdict:
      add_verdict(operation);
      break;
    case OperationKind::flush_chain: // goes before delete_chain
      break;
    }
  }

  void add_chain(const Operation &operation) {
    const Name name{operation.family, operation.name};
    const auto content = contents_.find(name);
    const auto text = content == contents_.end()
                          ? fmt::format("chain {} with policy accept", operation.name)
                          : fmt::format("chain {} with {}", operation.name, counted(content->second, "rule"));
    add(Drift::Kind::missing, operation, text).chain = operation.name;
  }

  // --- rules

  static Drift::Kind kind_of_thing(const Operation &operation) {
    return operation.foreign ? Drift::Kind::foreign : Drift::Kind::left_over;
  }

  static bool is_ours(const netlink::RuleContent &rule) {
    return xtables::read_rule_mark(rule.user_data) || xtables::read_owner_mark(rule.user_data) ||
           read_program_mark(rule.user_data);
  }

  [[nodiscard]] const netlink::SetSpec *spec_of(Family family, const std::string &set) const {
    if (const auto fresh = specs_.find({family, set}); fresh != specs_.end())
      return fresh->second;
    const auto *present = state_.find_set(family, set);
    return present == nullptr ? nullptr : &present->info.spec;
  }

  void add_rule(Drift::Kind kind, const Operation &operation) {
    const auto specs = [&](const std::string &set) { return spec_of(operation.family, set); };
    auto rule = describe(operation.family, operation.rule, specs, sets_).text();
    auto &drift = add(kind, operation, fmt::format("chain {}: {}", operation.name, rule));
    drift.chain = operation.name;
    drift.rule = std::move(rule);
    if (const auto mark = xtables::read_rule_mark(operation.rule.user_data))
      drift.origin = mark->place;
  }

  // --- elements

  void add_elements(const Operation &operation) {
    const ElementReader reader(operation.name, operation.spec);
    const auto kind = operation.kind == OperationKind::add_elements ? Drift::Kind::missing : Drift::Kind::left_over;
    for_each_element(operation, [&](netlink::Bytes element) {
      const auto words = reader.read(element);
      const auto &values = words.value;
      const auto port = port_of(words);
      std::string text = name_in_text(port, words);
      if (!values.empty())
        text += (text.empty() ? "" : " . ") + values;
      if (!words.data.empty())
        text += " : " + words.data;
      tell(kind, operation, port, text, reader.binding_text(words).value_or(""));
    });
  }

  void add_verdict(const Operation &operation) {
    const auto *spec = spec_of(operation.family, operation.name);
    const auto &element = operation.verdict;
    const auto words =
        spec == nullptr ? ElementWords{} : ElementReader(operation.name, *spec).read(netlink::Bytes(element.key));
    const auto port = port_of(words);
    const auto kind = operation.kind == OperationKind::add_verdict ? Drift::Kind::missing : Drift::Kind::left_over;
    tell(kind, operation, port,
         fmt::format("{} : {} {}", name_in_text(port, words), element.go_to ? "goto" : "jump", element.chain), {});
  }

  [[nodiscard]] std::string port_of(const ElementWords &words) const {
    if (!words.port.empty() || words.mark == 0)
      return words.port;
    const auto known = ports_.find(words.mark);
    return known == ports_.end() ? std::string() : known->second;
  }

  static std::string name_in_text(const std::string &port, const ElementWords &words) {
    if (words.mark == 0)
      return port;
    return port.empty() ? fmt::format("mark {:#010x}", words.mark) : fmt::format("{} ({:#010x})", port, words.mark);
  }

  void tell(Drift::Kind kind, const Operation &operation, const std::string &port, const std::string &text,
            const std::string &values) {
    auto &drift = add(kind, operation, fmt::format("set {}: {}", operation.name, text));
    drift.set = operation.name;
    drift.element = text;
    drift.port = port;
    if (!port.empty() && kind == Drift::Kind::missing)
      drift.origin = fmt::format("binding {}{}{}", port, values.empty() ? "" : " ", values);
  }

  const Plan &plan_;
  const KernelState &state_;
  const xtables::SetIndex &sets_;
  std::vector<Drift> drifts_;
  std::map<Family, bool> new_tables_;
  /// New chains and sets, and how much will be in them.
  std::map<Name, std::size_t> contents_;
  std::map<Name, const netlink::SetSpec *> specs_;
  std::map<std::uint32_t, std::string> ports_;
};

} // namespace

std::vector<Drift> drift_of(const Plan &plan, const KernelState &state, const xtables::SetIndex &sets) {
  return Differences(plan, state, sets).run();
}

} // namespace nwgate::nftables
