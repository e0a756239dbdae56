// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/lookups.h"

#include "drivers/nftables/fields.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <netinet/in.h>
#include <set>
#include <utility>

namespace nwgate::nftables {
namespace {

/// NFT_DATA_VALUE_MAXLEN of the kernel, less the longest key of a port and a register to work with.
constexpr std::uint32_t most_key_bytes = 64 - 16 - 4;

std::string_view name_of(KeyPart::Encoding encoding) {
  static constexpr std::array<std::string_view, 7> names{"mac", "ipv4", "ipv6", "u8", "u16", "dscp", "dscp6"};
  return names.at(static_cast<std::size_t>(encoding));
}

void collect_slots(const Operand &operand, std::set<std::uint16_t> &slots) {
  if (const auto *reference = std::get_if<SlotRef>(&operand))
    slots.insert(reference->slot);
}

std::set<std::uint16_t> slots_of(const Match &match) {
  std::set<std::uint16_t> slots;
  for (const auto &operand : match.operands)
    collect_slots(operand, slots);
  return slots;
}

/// Slots that must be looked up together, since one match or tuple ties them, and the matches that use them.
struct Group {
  std::set<std::uint16_t> slots;
  std::vector<std::size_t> matches;
};

std::vector<Group> groups_of(const ProgramRule &rule) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < rule.matches.size(); ++i) {
    Group merged{slots_of(rule.matches[i]), {i}};
    if (merged.slots.empty())
      continue;
    std::erase_if(groups, [&](const Group &group) {
      const bool shares =
          std::ranges::any_of(group.slots, [&](std::uint16_t slot) { return merged.slots.contains(slot); });
      if (shares) {
        merged.slots.insert(group.slots.begin(), group.slots.end());
        merged.matches.insert(merged.matches.begin(), group.matches.begin(), group.matches.end());
      }
      return shares;
    });
    std::ranges::sort(merged.matches);
    groups.push_back(std::move(merged));
  }
  return groups;
}

Operand renumbered(const Operand &operand, const std::map<std::uint16_t, std::uint16_t> &numbers) {
  const auto *reference = std::get_if<SlotRef>(&operand);
  if (reference == nullptr)
    return operand;
  auto copy = *reference;
  copy.slot = numbers.at(copy.slot);
  copy.where = {};
  return copy;
}

KeyPart part_of(const Match &match, KeyPart::Encoding encoding, const std::map<std::uint16_t, std::uint16_t> &numbers) {
  KeyPart part{encoding, renumbered(match.operands[0], numbers), {}, {}};
  if (match.form == Form::range)
    part.last = renumbered(match.operands[1], numbers);
  else if (match.form == Form::masked)
    part.mask = renumbered(match.operands[1], numbers);
  return part;
}

bool is_port(Field field) { return field == Field::th_sport || field == Field::th_dport; }

bool is_of_sctp(const ProgramRule &rule) {
  const Operand sctp = Literal(std::uint32_t{IPPROTO_SCTP});
  return std::ranges::any_of(rule.matches, [&](const Match &match) {
    return (match.field == Field::ip_protocol || match.field == Field::ip6_protocol) && match.operands.front() == sctp;
  });
}

/// Looking up this group would let pass what an xt match drops because it cannot read it. That of SCTP drops packets
/// whose header is cut off, but only those that the matches in front of it are of; that of TCP, which is needed for
/// options alone, reads the header, the ports and then the options.
bool hides_cut_headers(const Group &group, const ProgramRule &rule, Layer layer) {
  const auto is_port_here = [&](std::size_t index) { return is_port(rule.matches[index].field); };
  if (layer == Layer::ethernet || std::ranges::none_of(group.matches, is_port_here))
    return false;
  return std::ranges::find(rule.matches, Field::tcp_option, &Match::field) != rule.matches.end() ||
         (is_of_sctp(rule) && !std::ranges::all_of(group.matches, is_port_here));
}

class Finder {
public:
  ProgramLookups run(const Program &program) {
    for (const auto &chain : program.chains) {
      auto &plans = found_.chains.emplace_back();
      for (const auto &rule : chain.rules)
        plans.push_back(plan(rule, chain.layer));
    }
    return std::move(found_);
  }

private:
  RulePlan plan(const ProgramRule &rule, Layer layer) {
    RulePlan plan;
    plan.is_private =
        std::ranges::any_of(rule.matches, [](const Match &match) { return match.field == Field::ct_count; });
    for (const auto &group : groups_of(rule)) {
      for (const auto index : group.matches)
        if (!encoding_of(rule.matches[index], rule, layer))
          return {true, plan.is_private, {}};
      if (hides_cut_headers(group, rule, layer))
        return {true, plan.is_private, {}};
      const bool has_negated =
          std::ranges::any_of(group.matches, [&](std::size_t index) { return rule.matches[index].negated; });
      if (!has_negated) {
        plan.lookups.push_back({add(rule, layer, group.matches), group.matches, false, false});
        continue;
      }
      for (const auto index : group.matches)
        plan.lookups.push_back({add(rule, layer, {index}), {index}, rule.matches[index].negated, true});
    }
    for (const auto &lookup : plan.lookups) {
      std::uint32_t length = 0;
      for (const auto &part : found_.lookups[lookup.lookup].parts)
        length += (part.length() + 3) / 4 * 4;
      if (length > most_key_bytes)
        return {true, plan.is_private, {}};
    }
    return plan;
  }

  std::size_t add(const ProgramRule &rule, Layer layer, const std::vector<std::size_t> &matches) {
    std::set<std::uint16_t> slots;
    for (const auto index : matches)
      slots.merge(slots_of(rule.matches[index]));
    Lookup lookup;
    std::map<std::uint16_t, std::uint16_t> numbers;
    for (const auto slot : slots) {
      numbers[slot] = static_cast<std::uint16_t>(lookup.slots.size());
      lookup.slots.push_back(rule.slots[slot]);
    }
    for (const auto index : matches)
      lookup.parts.push_back(part_of(rule.matches[index], *encoding_of(rule.matches[index], rule, layer), numbers));
    const auto found = std::ranges::find(found_.lookups, lookup);
    if (found != found_.lookups.end())
      return static_cast<std::size_t>(found - found_.lookups.begin());
    // A name does not say all that makes sets differ: literals, columns, the defaults of variables.
    while (std::ranges::find(found_.lookups, lookup.name(), &Lookup::name) != found_.lookups.end())
      ++lookup.namesakes;
    lookup.known_name = lookup.name();
    found_.lookups.push_back(std::move(lookup));
    return found_.lookups.size() - 1;
  }

  ProgramLookups found_;
};

/// `IP`, `A_2` for an iterator, `A_e0` for an element: what nft(8) takes in the name of a set.
std::string name_of(const VariableAccess &access) {
  if (access.element)
    return fmt::format("{}_e{}", access.name, *access.element);
  return access.iterator == 0 ? access.name : fmt::format("{}_{}", access.name, access.iterator);
}

std::string text_of(const Operand &operand) {
  const auto *literal = std::get_if<Literal>(&operand);
  if (literal == nullptr)
    return "var";
  if (const auto *mac = std::get_if<MacAddress>(literal))
    return fmt::format("{:02x}", fmt::join(mac->bytes, ""));
  if (const auto *number = std::get_if<std::uint32_t>(literal))
    return std::to_string(*number);
  return "lit";
}

} // namespace

std::uint32_t KeyPart::length() const {
  switch (encoding) {
  case Encoding::u8:
  case Encoding::dscp:
    return 1;
  case Encoding::u16:
  case Encoding::dscp6:
    return 2;
  case Encoding::ipv4:
    return 4;
  case Encoding::mac:
    return 6;
  case Encoding::ipv6:
    break;
  }
  return 16;
}

bool Lookup::has_intervals() const { return std::ranges::any_of(parts, &KeyPart::is_interval); }

std::string Lookup::name() const { return known_name.empty() ? made_name() : known_name; }

std::string Lookup::made_name() const {
  std::string text;
  for (const auto &slot : slots)
    for (const auto &column : slot.columns)
      text += (text.empty() ? "" : ".") + name_of(column.access);
  for (const auto &part : parts) {
    text += fmt::format(".{}", name_of(part.encoding));
    if (part.last)
      text += "-range";
    if (part.mask)
      text += "-" + text_of(*part.mask);
  }
  return namesakes == 0 ? text : fmt::format("{}.{}", text, namesakes + 1);
}

bool RulePlan::stands_for(std::size_t match) const {
  return std::ranges::any_of(lookups, [&](const RuleLookup &lookup) {
    return std::ranges::find(lookup.matches, match) != lookup.matches.end();
  });
}

ProgramLookups find_lookups(const Program &program) { return Finder().run(program); }

} // namespace nwgate::nftables
