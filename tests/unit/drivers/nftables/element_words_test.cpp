// SPDX-License-Identifier: LGPL-2.1-or-later
/// Elements of sets in words.
#include "drivers/nftables/element_words.h"

#include "drivers/nftables/layout.h"

#include <gtest/gtest.h>

namespace nwgate::nftables {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t ipv4 = 7, mac = 9, ether_type = 10, port_number = 13, mark = 19, name = 41;

std::uint32_t key_type(std::initializer_list<std::uint32_t> types) {
  std::uint32_t all = 0;
  for (const auto type : types)
    all = all << 6U | type;
  return all;
}

netlink::SetSpec spec(std::uint32_t type, std::uint32_t length, std::vector<std::uint32_t> fields = {}) {
  netlink::SetSpec spec;
  spec.key_type = type;
  spec.key_length = length;
  spec.interval_fields = std::move(fields);
  return spec;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const auto &part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(ElementWords, AValueOfAPort) {
  const ElementReader reader("f/IP.ipv4", spec(key_type({name, ipv4}), 20));
  const auto element = joined({name_key("vnet0"), {10, 0, 0, 1}});
  const auto words = reader.read(element);
  EXPECT_EQ(words.port, "vnet0");
  EXPECT_EQ(words.value, "10.0.0.1");
  EXPECT_EQ(reader.binding_text(words), "IP=10.0.0.1");
  EXPECT_EQ(reader.nft_text(element), "\"vnet0\" . 10.0.0.1");
}

TEST(ElementWords, TheSecondSetOfAName) {
  const ElementReader reader("f/IP.ipv4.2", spec(key_type({name, ipv4}), 20));
  EXPECT_EQ(reader.binding_text(reader.read(joined({name_key("v"), {10, 0, 0, 1}}))), "IP=10.0.0.1");
}

TEST(ElementWords, OneVariableInSeveralFieldsIsOneValue) {
  const ElementReader reader("f/MAC.mac.mac", spec(key_type({name, mac, mac}), 32));
  const Bytes address{0x52, 0x54, 0, 0, 0, 1, 0, 0};
  const auto words = reader.read(joined({name_key("v"), address, address}));
  EXPECT_EQ(reader.binding_text(words), "MAC=52:54:00:00:00:01");
}

TEST(ElementWords, IntervalsByMark) {
  const ElementReader reader("f/A.B.C.ipv4-var.u16-range", spec(key_type({mark, ipv4, port_number}), 12, {4, 4, 2}));
  const auto words = reader.read(
      joined({number_key(0x1000), {10, 1, 0, 0}, {0, 80, 0, 0}, number_key(0x1000), {10, 1, 255, 255}, {0, 90, 0, 0}}));
  EXPECT_EQ(words.port, "");
  EXPECT_EQ(words.mark, 0x1000U);
  EXPECT_EQ(words.value, "10.1.0.0/16 . 80-90");
  EXPECT_EQ(reader.binding_text(words), "A.B.C=10.1.0.0/16 . 80-90");
}

TEST(ElementWords, ThePortNeedNotStandInFront) {
  auto map = spec(key_type({ether_type, name}), 20);
  map.data_type = mark;
  map.data_length = 4;
  const ElementReader reader("in-marks", map);
  const auto words = reader.read(joined({{8, 0, 0, 0}, name_key("vnet1"), number_key(0x2000)}));
  EXPECT_EQ(words.port, "vnet1");
  EXPECT_EQ(words.value, "0x0800");
  EXPECT_EQ(words.data, "0x00002000");
  EXPECT_FALSE(reader.binding_text(words));
}

TEST(ElementWords, AMaskOfAMacAddress) {
  const ElementReader reader("f/MAC.mac-ffffff000000", spec(key_type({name, mac}), 24));
  const auto words = reader.read(joined({name_key("v"), {0x52, 0x54, 0, 0, 0, 0, 0, 0}}));
  EXPECT_EQ(words.value, "52:54:00:00:00:00/ff:ff:ff:00:00:00");
}

TEST(ElementWords, WhatIsTooShortHasNoWords) {
  const ElementReader reader("f/IP.ipv4", spec(key_type({name, ipv4}), 20));
  EXPECT_EQ(reader.read(Bytes{1, 2, 3}).port, "");
}

} // namespace
} // namespace nwgate::nftables
