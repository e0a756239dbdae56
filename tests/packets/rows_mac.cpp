// SPDX-License-Identifier: LGPL-2.1-or-later
/// The header of the frame, and VLAN tags.
#include "row.h"
#include "rows_ether.h"

namespace nwgate::packets {
namespace {

std::vector<Row> mac_rows() {
  auto rows = ether_rows(Ether{}, {});
  rows.insert(
      rows.end(),
      {{"protocolid='0x88b6'",
        {{matched, Ether{}}, {unmatched, Ether{.type = 0x88b7}}, {unmatched, Ip{}}, {unmatched, Vlan{.type = 0x88b6}}}},
       {"protocolid='arp'", {{matched, Arp{}}, {unmatched, Arp{.type = 0x8035}}, {unmatched, Ip{}}}},
       {"protocolid='rarp'", {{matched, Arp{.type = 0x8035}}, {unmatched, Arp{}}}},
       {"protocolid='ipv4'", {{matched, Ip{}}, {unmatched, Ip{.version = 6}}, {unmatched, Vlan{.type = 0x0800}}}},
       {"protocolid='ipv6'", {{matched, Ip{.version = 6}}, {unmatched, Ip{}}}},
       {"protocolid='vlan'", {{matched, Vlan{}}, {unmatched, Ether{}}, {unmatched, Vlan{.tag = 0x88a8}}}},
       {"protocolid='0x88a8'", {{matched, Vlan{.tag = 0x88a8}}, {unmatched, Vlan{}}}},
       {"protocolid='0x600'", {{matched, Ether{.type = 0x600}}, {unmatched, Ether{.type = 0x601}}}},
       {"protocolid='65535'", {{matched, Ether{.type = 0xffff}}, {unmatched, Ether{.type = 0xfffe}}}},
       {"srcmacaddr='52:54:00:00:00:0a' protocolid='0x88b6'",
        {{matched, Ether{}},
         {never, Ether{.src_mac = "52:54:00:00:00:0c"}},
         {never, Ether{.type = 0x88b7}},
         {unmatched, Ether{.src_mac = "52:54:00:00:00:0c", .type = 0x88b7}}}}});
  return rows;
}

std::vector<Row> vlan_rows() {
  auto rows = ether_rows(Vlan{}, {{never, Ether{}}, {never, Vlan{.tag = 0x88a8}}});
  rows.insert(
      rows.end(),
      {{"vlanid='100'",
        {{matched, Vlan{.id = 100}}, {unmatched, Vlan{.id = 101}}, {unmatched, Vlan{.id = 0}}, {never, Ether{}}}},
       {"vlanid='0'", {{matched, Vlan{.id = 0}}, {unmatched, Vlan{.id = 1}}}},
       {"vlanid='4095'", {{matched, Vlan{.id = 4095}}, {unmatched, Vlan{.id = 4094}}}},
       {"vlanid='0xfff'", {{matched, Vlan{.id = 4095}}, {unmatched, Vlan{.id = 0x7ff}}}},
       {"encap-protocol='arp'",
        {{matched, Vlan{.type = 0x0806}},
         {unmatched, Vlan{.type = 0x2054}},
         {unmatched, Vlan{.type = 0x0800}},
         {never, Arp{}}}},
       {"encap-protocol='ipv4'", {{matched, Vlan{.type = 0x0800}}, {unmatched, Vlan{.type = 0x86dd}}}},
       {"encap-protocol='0x88b6'", {{matched, Vlan{}}, {unmatched, Vlan{.type = 0x88b7}}}},
       {"encap-protocol='65535'", {{matched, Vlan{.type = 0xffff}}, {unmatched, Vlan{.type = 0x0800}}}},
       {"vlanid='100' encap-protocol='ipv6'",
        {{matched, Vlan{.type = 0x86dd}},
         {never, Vlan{.id = 101, .type = 0x86dd}},
         {never, Vlan{}},
         {unmatched, Vlan{.id = 101}}}}});
  return rows;
}

} // namespace

std::vector<Table> mac_tables() { return {{"mac", mac_rows()}, {"vlan", vlan_rows()}}; }

} // namespace nwgate::packets
