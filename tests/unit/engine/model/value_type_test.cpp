// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/value_type.h"

#include "engine/program/names.h"

#include <gtest/gtest.h>

namespace nwgate {
namespace {

std::string shown(const std::optional<Literal> &literal) {
  struct Show {
    std::string operator()(std::uint32_t number) const { return std::to_string(number); }
    std::string operator()(const std::string &text) const { return "'" + text + "'"; }
    std::string operator()(const MacAddress &address) const { return address.to_string(); }
    std::string operator()(const Ipv4Address &address) const { return address.to_string(); }
    std::string operator()(const Ipv6Address &address) const { return address.to_string(); }
  };
  return literal ? std::visit(Show{}, *literal) : "refused";
}

struct Accepted {
  std::string text;
  std::string literal;
};
struct TypeCase {
  ValueType type;
  std::vector<Accepted> accepted;
  std::vector<std::string> refused;
};

using T = ValueType;
const std::vector<TypeCase> cases = {
    {T::u8,
     {{"0", "0"},
      {"255", "255"},
      {"10", "10"},
      {"1a", "26"},
      {"0x10", "16"},
      {"0XfF", "255"},
      {"007", "7"},
      {"ff", "255"}},
     {"256", "0x100", "-1", "+1", " 1", "1 ", "", "0x", "x", "1.0", "g", "0x0x1", "0x-1"}},
    {T::u16, {{"65535", "65535"}, {"0xffff", "65535"}, {"22", "22"}}, {"65536", "0x10000", "ssh", "80,443", "80-90"}},
    {T::u32,
     {{"4294967295", "4294967295"}, {"0xffffffff", "4294967295"}, {"deadbeef", "3735928559"}},
     {"0x100000000", "-1", "99999999999x"}},
    {T::mac, {{"2:0:0:0:0:1", "02:00:00:00:00:01"}}, {"", "02:00:00:00:00"}},
    {T::mac_mask,
     {{"ff:ff:ff:00:00:00", "ff:ff:ff:00:00:00"}, {"0:0:0:0:0:0", "00:00:00:00:00:00"}},
     {"ff:00:ff:00:00:00", "24"}},
    {T::ipv4, {{"192.0.2.1", "192.0.2.1"}, {"10.1", "10.0.0.1"}}, {"192.0.2.0/24", "::1", "localhost"}},
    {T::ipv4_mask,
     {{"0", "0"}, {"24", "24"}, {"32", "32"}, {"255.255.0.0", "16"}, {"0.0.0.0", "0"}, {"255.255.255.255", "32"}},
     {"33", "-1", "255.0.255.0", "/24", "", "0x18"}},
    {T::ipv6, {{"2001:DB8::1", "2001:db8::1"}}, {"192.0.2.1", "fe80::1%eth0", ""}},
    {T::ipv6_mask, {{"0", "0"}, {"128", "128"}, {"ffff:ffff::", "32"}, {"::", "0"}}, {"129", "ff00::1", "255.0.0.0"}},
    {T::boolean,
     {{"true", "1"}, {"yes", "1"}, {"1", "1"}, {"false", "0"}, {"no", "0"}, {"0", "0"}},
     {"TRUE", "on", "", "2", "true "}},
    {T::comment,
     {{"", "''"}, {"$ any \"text\"", "'$ any \"text\"'"}, {std::string(255, 'x'), "'" + std::string(255, 'x') + "'"}},
     {std::string(256, 'x')}},
    {T::set_name,
     {{"a", "'a'"},
      {"My set_1.2:3-4+5", "'My set_1.2:3-4+5'"},
      {std::string(31, 'a'), "'" + std::string(31, 'a') + "'"}},
     {"", std::string(32, 'a'), "a/b", "a\"b", "a\tb", "\xc3\xa4"}},
    {T::set_flags,
     {{"src", "'src'"}, {"SRC,dst", "'src,dst'"}, {"src,src,src,dst,dst,dst", "'src,src,src,dst,dst,dst'"}},
     {"", "source", "src dst", "src,src,src,src,src,src,src", "src/dst"}},
    {T::ether_type,
     {{"arp", "2054"},
      {"RARP", "32821"},
      {"ipv4", "2048"},
      {"IPv6", "34525"},
      {"vlan", "33024"},
      {"0x600", "1536"},
      {"65535", "65535"},
      {"600", "refused"},
      {"88a8", "34984"}},
     {"0x5ff", "1535", "0x10000", "ip", ""}},
    {T::encapsulated_type, {{"arp", "2054"}, {"0x3c", "60"}, {"60", "60"}}, {"0x3b", "59", "65536"}},
    {T::vlan_id, {{"0", "0"}, {"4095", "4095"}, {"0xfff", "4095"}}, {"4096", "-1", "all"}},
    {T::arp_opcode,
     {{"Request", "1"},
      {"reply", "2"},
      {"REQUEST_REVERSE", "3"},
      {"Reply_Reverse", "4"},
      {"DRARP_Request", "5"},
      {"DRARP_Reply", "6"},
      {"DRARP_Error", "7"},
      {"InARP_Request", "8"},
      {"ARP_NAK", "9"},
      {"65535", "65535"}},
     {"Requst", "65536", ""}},
    {T::ip_protocol,
     {{"tcp", "6"},
      {"UDP", "17"},
      {"udplite", "136"},
      {"esp", "50"},
      {"ah", "51"},
      {"icmp", "1"},
      {"icmpv6", "58"},
      {"igmp", "2"},
      {"sctp", "132"},
      {"255", "255"},
      {"0x2f", "47"}},
     {"256", "ospf", "all", ""}},
    {T::dscp, {{"0", "0"}, {"63", "63"}, {"0x2e", "46"}, {"2e", "46"}}, {"64", "ef", "-1"}},
    {T::connection_count, {{"0", "0"}, {"65535", "65535"}}, {"0x10", "a", "65536", ""}},
    {T::states,
     {{"NEW", "1"},
      {"new,Established", "3"},
      {"RELATED INVALID", "12"},
      {"NEW, , ESTABLISHED,", "3"},
      {"NONE", "16"},
      {"NEW,NONE", "16"}},
     {"", ",", "OPEN", "NEW|ESTABLISHED", "UNTRACKED"}},
    {T::tcp_flags,
     {{"SYN/SYN", "514"},
      {"SYN,ACK/SYN", "4610"},
      {"ALL/NONE", "16128"},
      {"fin, rst/FIN RST", "1285"},
      {"NONE/NONE", "0"},
      {"URG,PSH/PSH", "10248"}},
     {"SYN", "/SYN", "SYN/", "/", "SYN/ECE", "SYN/SYN/SYN", ""}},
};

class ValueTypes : public testing::TestWithParam<TypeCase> {};

TEST_P(ValueTypes, Accepts) {
  for (const auto &[text, literal] : GetParam().accepted)
    EXPECT_EQ(shown(parse_value(GetParam().type, text)), literal) << "'" << text << "'";
}

TEST_P(ValueTypes, Refuses) {
  for (const auto &text : GetParam().refused)
    EXPECT_EQ(shown(parse_value(GetParam().type, text)), "refused") << "'" << text << "'";
  EXPECT_EQ(shown(parse_value(GetParam().type, std::string_view("1\0", 2))),
            GetParam().type == T::comment ? std::string("'1\0'", 4) : "refused");
}

TEST_P(ValueTypes, AreDescribed) { EXPECT_GT(describe(GetParam().type).size(), 8U); }

INSTANTIATE_TEST_SUITE_P(All, ValueTypes, testing::ValuesIn(cases),
                         [](const auto &row) { return std::string(name_of(row.param.type)); });

TEST(ValueTypes, EachHasACase) { EXPECT_EQ(cases.size(), static_cast<std::size_t>(T::tcp_flags) + 1); }

} // namespace
} // namespace nwgate
