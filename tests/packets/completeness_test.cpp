// SPDX-License-Identifier: LGPL-2.1-or-later
/// The tables leave out no attribute that the engine knows.
#include "row.h"

#include "engine/model/protocol.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>

namespace nwgate::packets {

namespace {

bool has_attribute(const Row &row, std::string_view name) {
  std::istringstream words(row.attributes);
  for (std::string word; words >> word;)
    if (word.substr(0, word.find('=')) == name)
      return true;
  return false;
}

bool has_probe(const Row &row, const Expected &expected) {
  return std::ranges::any_of(row.probes, [&](const Probe &probe) {
    return probe.expected.plain == expected.plain && probe.expected.negated == expected.negated;
  });
}

/// It is no match, or one that cannot be negated.
bool is_never_negated(const ProtocolSpec &protocol, Attribute attribute) {
  return attribute == Attribute::comment || attribute == Attribute::state ||
         (protocol.protocol == Protocol::tcp_ipv6 && attribute == Attribute::tcp_flags);
}

/// One row shows that the attribute makes a difference.
bool is_covered(const ProtocolSpec &protocol, const AttributeSpec &attribute, const std::vector<Row> &rows) {
  if (attribute.attribute == Attribute::stp_type) // a row shows one or the other: see Stp
    return std::ranges::any_of(
               rows, [&](const Row &row) { return row.attributes == "type='0'" && has_probe(row, matched); }) &&
           std::ranges::any_of(
               rows, [&](const Row &row) { return row.attributes == "type='128'" && has_probe(row, unmatched); });
  const auto shows = [&](const Row &row) {
    if (!has_attribute(row, attribute.name))
      return false;
    if (is_never_negated(protocol, attribute.attribute))
      return has_probe(row, always);
    return has_probe(row, matched) && has_probe(row, unmatched) && !row.negation_is_refused;
  };
  return std::ranges::any_of(rows, shows);
}

TEST(Completeness, EveryAttributeHasARow) {
  const auto tables = all_tables();
  for (const auto &protocol : all_protocols()) {
    if (protocol.protocol == Protocol::none)
      continue;
    const auto table = std::ranges::find(tables, protocol.name, &Table::element);
    if (table == tables.end()) {
      ADD_FAILURE() << "no table for <" << protocol.name << ">";
      continue;
    }
    for (const auto &attribute : protocol.attributes)
      EXPECT_TRUE(is_covered(protocol, attribute, table->rows))
          << "no row shows what '" << attribute.name << "' of <" << protocol.name << "> does, plain and negated";
  }
}

TEST(Completeness, EveryTableIsOfAnElement) {
  for (const auto &table : all_tables())
    EXPECT_NE(find_protocol(table.element), nullptr) << table.element;
}

} // namespace
} // namespace nwgate::packets
