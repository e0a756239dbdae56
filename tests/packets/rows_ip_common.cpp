// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rows_ip_common.h"

namespace nwgate::packets {
namespace {

class Maker {
public:
  explicit Maker(const Ip &packet) : packet_(packet) {}

  [[nodiscard]] Frame from(const char *address) const {
    auto changed = packet_;
    changed.src = address;
    return changed;
  }
  [[nodiscard]] Frame to(const char *address) const {
    auto changed = packet_;
    changed.dst = address;
    return changed;
  }
  [[nodiscard]] Frame between(const char *source, const char *destination) const {
    auto changed = packet_;
    changed.src = source;
    changed.dst = destination;
    return changed;
  }
  [[nodiscard]] Frame ports(std::uint16_t source, std::uint16_t destination) const {
    auto changed = packet_;
    changed.sport = source;
    changed.dport = destination;
    return changed;
  }

private:
  const Ip &packet_;
};

std::vector<Row> v4_rows(const Maker &packet) {
  return {
      {"srcipaddr='10.0.0.1'",
       {{matched, packet.from("10.0.0.1")},
        {unmatched, packet.from("10.0.0.2")},
        {unmatched, packet.from("11.0.0.1")}}},
      {"srcipaddr='10.4.0.0' srcipmask='255.252.0.0'",
       {{matched, packet.from("10.4.0.1")},
        {matched, packet.from("10.7.255.255")},
        {unmatched, packet.from("10.8.0.0")},
        {unmatched, packet.from("10.3.255.255")}}},
      {"srcipaddr='10.9.9.9' srcipmask='32'",
       {{matched, packet.from("10.9.9.9")}, {unmatched, packet.from("10.9.9.8")}}},
      {"srcipaddr='10.9.9.8' srcipmask='31'",
       {{matched, packet.from("10.9.9.9")},
        {unmatched, packet.from("10.9.9.10")},
        {unmatched, packet.from("10.9.9.7")}}},
      {"dstipaddr='10.0.0.2'",
       {{matched, packet.to("10.0.0.2")}, {unmatched, packet.to("10.0.0.1")}, {unmatched, packet.to("10.0.1.2")}}},
      {"dstipaddr='10.64.0.0' dstipmask='10'",
       {{matched, packet.to("10.64.0.1")},
        {matched, packet.to("10.127.255.254")},
        {unmatched, packet.to("10.63.255.254")},
        {unmatched, packet.to("10.128.0.1")}}},
      {"srcipaddr='10.0.0.1' dstipaddr='10.0.0.2'",
       {{matched, packet.between("10.0.0.1", "10.0.0.2")},
        {never, packet.between("10.0.0.1", "10.0.0.3")},
        {never, packet.between("10.0.0.4", "10.0.0.2")},
        {unmatched, packet.between("10.0.0.2", "10.0.0.1")}}},
  };
}

std::vector<Row> v6_rows(const Maker &packet) {
  return {
      {"srcipaddr='fd00::1'",
       {{matched, packet.from("fd00::1")}, {unmatched, packet.from("fd00::2")}, {unmatched, packet.from("fd01::1")}}},
      {"srcipaddr='fd00:0:0:8::' srcipmask='61'",
       {{matched, packet.from("fd00:0:0:8::1")},
        {matched, packet.from("fd00:0:0:f:ffff:ffff:ffff:ffff")},
        {unmatched, packet.from("fd00:0:0:10::1")},
        {unmatched, packet.from("fd00:0:0:7:ffff:ffff:ffff:ffff")}}},
      {"srcipaddr='FD00::9' srcipmask='128'", {{matched, packet.from("fd00::9")}, {unmatched, packet.from("fd00::8")}}},
      {"dstipaddr='fd00::2'",
       {{matched, packet.to("fd00::2")}, {unmatched, packet.to("fd00::1")}, {unmatched, packet.to("fd00:0:0:1::2")}}},
      {"dstipaddr='fd00:1::' dstipmask='ffff:ffff::'",
       {{matched, packet.to("fd00:1::1")},
        {matched, packet.to("fd00:1:ffff:ffff:ffff:ffff:ffff:ffff")},
        {unmatched, packet.to("fd00:2::1")},
        {unmatched, packet.to("fd00::1")}}},
      {"srcipaddr='fd00::1' dstipaddr='fd00::2'",
       {{matched, packet.between("fd00::1", "fd00::2")},
        {never, packet.between("fd00::1", "fd00::3")},
        {never, packet.between("fd00::4", "fd00::2")},
        {unmatched, packet.between("fd00::2", "fd00::1")}}},
  };
}

} // namespace

std::vector<Row> address_rows(const Ip &packet) {
  return packet.version == 4 ? v4_rows(Maker(packet)) : v6_rows(Maker(packet));
}

std::vector<Row> port_rows(const Ip &packet, const std::string &base) {
  const Maker with(packet);
  return {
      {"srcportstart='1000'",
       {{matched, with.ports(1000, 2000)}, {unmatched, with.ports(1001, 1000)}, {unmatched, with.ports(999, 1000)}},
       base},
      {"srcportstart='1000' srcportend='1999'",
       {{matched, with.ports(1000, 2000)},
        {matched, with.ports(1999, 2000)},
        {unmatched, with.ports(999, 1500)},
        {unmatched, with.ports(2000, 1500)}},
       base},
      {"dstportstart='2000'",
       {{matched, with.ports(1000, 2000)}, {unmatched, with.ports(2000, 2001)}, {unmatched, with.ports(2000, 1999)}},
       base},
      {"dstportstart='2000' dstportend='65535'",
       {{matched, with.ports(1000, 2000)},
        {matched, with.ports(1000, 65535)},
        {unmatched, with.ports(3000, 1999)},
        {unmatched, with.ports(3000, 1)}},
       base},
      {"dstportstart='0' dstportend='1023'",
       {{matched, with.ports(1000, 1023)}, {unmatched, with.ports(1000, 1024)}},
       base},
      // Each side is negated on its own: libvirt takes the negation of both from the source.
      {"srcportstart='1000' dstportstart='2000'",
       {{matched, with.ports(1000, 2000)},
        {never, with.ports(1000, 2001)},
        {never, with.ports(1001, 2000)},
        {unmatched, with.ports(1001, 2001)}},
       base},
  };
}

} // namespace nwgate::packets
