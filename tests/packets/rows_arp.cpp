// SPDX-License-Identifier: LGPL-2.1-or-later
/// ARP and RARP.
#include "row.h"
#include "rows_ether.h"

#include <fmt/format.h>

namespace nwgate::packets {
namespace {

/// All frames of one kind: `type` is the frame's, and `other` the one that must not match.
class ArpRows {
public:
  explicit ArpRows(std::uint16_t type, std::uint16_t other) : type_(type), other_(other) {}

  std::vector<Row> make() {
    rows_ = ether_rows(frame(Arp{}), {{never, Arp{.type = other_}}, {never, Ether{}}, {never, Ip{}}});
    add_numbers();
    add_addresses();
    add_gratuitous();
    return std::move(rows_);
  }

private:
  [[nodiscard]] Arp frame(Arp arp) const {
    arp.type = type_;
    return arp;
  }
  [[nodiscard]] Probe yes(const Arp &arp) const { return {matched, frame(arp)}; }
  [[nodiscard]] Probe no(const Arp &arp) const { return {unmatched, frame(arp)}; }
  [[nodiscard]] Probe neither(const Arp &arp) const { return {never, frame(arp)}; }
  [[nodiscard]] Probe both(const Arp &arp) const { return {always, frame(arp)}; }

  void add_numbers() {
    rows_.push_back({"hwtype='6'", {yes({.hwtype = 6}), no({}), no({.hwtype = 0x600}), {never, Arp{.type = other_}}}});
    rows_.push_back({"hwtype='65535'", {yes({.hwtype = 65535}), no({})}});
    rows_.push_back({"protocoltype='2048'", {yes({}), no({.protocoltype = 0x86dd}), no({.protocoltype = 8})}});
    rows_.push_back({"protocoltype='0x86dd'", {yes({.protocoltype = 0x86dd}), no({})}});
    const std::vector<const char *> names = {"Request",       "Reply",         "Request_Reverse",
                                             "Reply_Reverse", "DRARP_Request", "DRARP_Reply",
                                             "DRARP_Error",   "InARP_Request", "ARP_NAK"};
    std::uint16_t number = 0;
    for (const auto *name : names) {
      ++number;
      rows_.push_back({fmt::format("opcode='{}'", name),
                       {yes({.opcode = number}), no({.opcode = static_cast<std::uint16_t>(number + 1)}),
                        no({.opcode = static_cast<std::uint16_t>(number - 1)})}});
    }
    rows_.push_back(
        {"opcode='256'", {yes({.opcode = 256}), no({.opcode = 1}), {never, Arp{.opcode = 256, .type = other_}}}});
  }

  void add_addresses() {
    rows_.push_back({"arpsrcmacaddr='52:54:00:00:00:0a'",
                     {yes({}), no({.sender_mac = "52:54:00:00:00:0b"}), no({.sender_mac = "56:54:00:00:00:0a"}),
                      yes({.src_mac = "52:54:00:00:00:0c"}), neither({.hwtype = 6})}});
    rows_.push_back({"arpdstmacaddr='52:54:00:00:00:0b'",
                     {yes({}), no({.target_mac = "00:00:00:00:00:00"}), no({.target_mac = "52:54:00:00:00:0a"}),
                      yes({.dst_mac = "52:54:00:00:00:0c"})}});
    rows_.push_back({"arpsrcipaddr='10.0.0.1'",
                     {yes({}), no({.sender_ip = "10.0.0.2"}), no({.sender_ip = "10.0.0.0"}),
                      yes({.target_ip = "1.2.3.4"}), neither({.protocoltype = 0x86dd})}});
    rows_.push_back(
        {"arpdstipaddr='10.0.0.2'",
         {yes({}), no({.target_ip = "10.0.0.1"}), no({.target_ip = "10.0.0.3"}), yes({.sender_ip = "1.2.3.4"})}});
    rows_.push_back({"arpsrcipaddr='10.4.0.0' arpsrcipmask='14'",
                     {yes({.sender_ip = "10.4.0.0"}), yes({.sender_ip = "10.7.255.255"}), no({.sender_ip = "10.8.0.0"}),
                      no({.sender_ip = "10.3.255.255"})}});
    rows_.push_back({"arpdstipaddr='10.4.0.0' arpdstipmask='255.252.0.0'",
                     {yes({.target_ip = "10.4.0.0"}), yes({.target_ip = "10.7.255.255"}), no({.target_ip = "10.8.0.0"}),
                      no({.target_ip = "10.3.255.255"})}});
    // libvirt gives the second address the mask of the first.
    rows_.push_back({"arpsrcipaddr='10.4.0.0' arpsrcipmask='14' arpdstipaddr='10.0.0.2'",
                     {yes({.sender_ip = "10.5.0.1"}), neither({.sender_ip = "10.5.0.1", .target_ip = "10.0.0.3"}),
                      neither({.sender_ip = "10.8.0.0"}), no({.sender_ip = "10.8.0.0", .target_ip = "10.0.0.3"})}});
    rows_.push_back({"arpsrcmacaddr='52:54:00:00:00:0a' arpsrcipaddr='10.0.0.1' opcode='Reply'",
                     {yes({.opcode = 2}), neither({}), neither({.opcode = 2, .sender_ip = "10.0.0.9"}),
                      neither({.opcode = 2, .sender_mac = "52:54:00:00:00:0c"}),
                      no({.opcode = 1, .sender_mac = "52:54:00:00:00:0c", .sender_ip = "10.0.0.9"})}});
  }

  void add_gratuitous() {
    rows_.push_back(
        {"gratuitous='true'",
         {yes({.target_ip = "10.0.0.1"}), no({}), no({.target_ip = "10.0.0.0"}), {never, Arp{.type = other_}}}});
    rows_.push_back({"gratuitous='false'", {both({.target_ip = "10.0.0.1"}), both({})}});
  }

  std::uint16_t type_;
  std::uint16_t other_;
  std::vector<Row> rows_;
};

} // namespace

std::vector<Table> arp_tables() {
  return {{"arp", ArpRows(0x0806, 0x8035).make()}, {"rarp", ArpRows(0x8035, 0x0806).make()}};
}

} // namespace nwgate::packets
