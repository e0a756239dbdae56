// SPDX-License-Identifier: LGPL-2.1-or-later
/// The messages of bridges, in the form that the kernel's match understands. What it makes of real ones is in
/// stp_test.cpp.
#include "row.h"

#include <fmt/format.h>

namespace nwgate::packets {
namespace {

/// An attribute that is a number or, with NAME-hi, a range.
template <typename Number> void add_range_rows(std::vector<Row> &rows, const std::string &name, Number Stp::*member) {
  const auto with = [&](Number value) {
    Stp frame;
    frame.*member = value;
    return Frame(frame);
  };
  rows.push_back({fmt::format("{}='1000'", name),
                  {{matched, with(1000)}, {unmatched, with(1001)}, {unmatched, with(999)}, {never, Ether{}}}});
  rows.push_back({fmt::format("{0}='1000' {0}-hi='2000'", name),
                  {{matched, with(1000)},
                   {matched, with(1500)},
                   {matched, with(2000)},
                   {unmatched, with(999)},
                   {unmatched, with(2001)},
                   {never, Stp{.type = 0x80}}}});
}

void add_address_rows(std::vector<Row> &rows, const std::string &name, std::string Stp::*member) {
  const auto with = [&](const char *value) {
    Stp frame;
    frame.*member = value;
    return Frame(frame);
  };
  rows.push_back({fmt::format("{}='52:54:00:00:01:01'", name),
                  {{matched, with("52:54:00:00:01:01")},
                   {unmatched, with("52:54:00:00:01:02")},
                   {unmatched, with("52:55:00:00:01:01")}}});
  rows.push_back({fmt::format("{0}='52:54:0a:00:00:00' {0}-mask='ff:ff:fe:00:00:00'", name),
                  {{matched, with("52:54:0a:00:00:00")},
                   {matched, with("52:54:0b:ff:ff:ff")},
                   {unmatched, with("52:54:0c:00:00:00")},
                   {unmatched, with("52:54:09:ff:ff:ff")}}});
}

std::vector<Row> stp_rows() {
  std::vector<Row> rows = {
      {"comment='a comment'", {{always, Stp{}}, {never, Ether{}}, {never, Stp{.dst_mac = "01:80:c2:00:00:0e"}}}},
      {"srcmacaddr='52:54:00:00:00:0a'",
       {{matched, Stp{}}, {unmatched, Stp{.src_mac = "52:54:00:00:00:0b"}}, {never, Ether{}}},
       {},
       {},
       false},
      {"srcmacaddr='52:54:0a:00:00:00' srcmacmask='ff:ff:fe:00:00:00'",
       {{matched, Stp{.src_mac = "52:54:0b:ff:ff:ff"}}, {unmatched, Stp{.src_mac = "52:54:0c:00:00:00"}}},
       {},
       {},
       false},
      // What has another type in the place where the kernel looks is no BPDU to it.
      {"type='0'", {{matched, Stp{}}, {never, Stp{.type = 0x80}}}},
      {"type='128'", {{unmatched, Stp{}}, {never, Stp{.type = 0x80}}}},
      {"flags='129'", {{matched, Stp{.flags = 0x81}}, {unmatched, Stp{.flags = 0x80}}, {unmatched, Stp{.flags = 1}}}},
      {"flags='0'", {{matched, Stp{}}, {unmatched, Stp{.flags = 0x80}}}},
      {"root-cost='65536' root-cost-hi='4294967295'",
       {{matched, Stp{.root_cost = 0xffffffff}}, {unmatched, Stp{.root_cost = 65535}}}},
      {"root-priority='65535'", {{matched, Stp{.root_priority = 65535}}, {unmatched, Stp{.root_priority = 65534}}}},
      {"flags='1' port='7'",
       {{matched, Stp{.flags = 1, .port = 7}},
        {never, Stp{.flags = 1, .port = 8}},
        {never, Stp{.flags = 0, .port = 7}},
        {unmatched, Stp{.flags = 0, .port = 8}}}},
  };
  add_range_rows(rows, "root-priority", &Stp::root_priority);
  add_range_rows(rows, "root-cost", &Stp::root_cost);
  add_range_rows(rows, "sender-priority", &Stp::sender_priority);
  add_range_rows(rows, "port", &Stp::port);
  add_range_rows(rows, "age", &Stp::age);
  add_range_rows(rows, "max-age", &Stp::max_age);
  add_range_rows(rows, "hello-time", &Stp::hello_time);
  add_range_rows(rows, "forward-delay", &Stp::forward_delay);
  add_address_rows(rows, "root-address", &Stp::root_address);
  add_address_rows(rows, "sender-address", &Stp::sender_address);
  return rows;
}

} // namespace

std::vector<Table> stp_tables() { return {{"stp", stp_rows()}}; }

} // namespace nwgate::packets
