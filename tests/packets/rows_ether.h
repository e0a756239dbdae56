// SPDX-License-Identifier: LGPL-2.1-or-later
/// The rows that all elements of the ethernet layer but stp share.
#pragma once

#include "row.h"

namespace nwgate::packets {

/// MAC addresses with and without masks, and a comment. `frame` is one that the bare element matches, and `others`
/// are frames that it does not.
template <typename T> std::vector<Row> ether_rows(const T &frame, const std::vector<Probe> &others) {
  const auto from = [&](const char *address) {
    auto changed = frame;
    changed.src_mac = address;
    return Frame(changed);
  };
  const auto to = [&](const char *address) {
    auto changed = frame;
    changed.dst_mac = address;
    return Frame(changed);
  };
  auto comment = others;
  comment.push_back({always, frame});
  return {
      {"comment='a comment'", comment},
      {"srcmacaddr='52:54:00:00:00:0a'",
       {{matched, frame}, {unmatched, from("52:54:00:00:00:0b")}, {unmatched, from("56:54:00:00:00:0a")}}},
      {"srcmacaddr='52:54:0a:00:00:00' srcmacmask='ff:ff:fe:00:00:00'",
       {{matched, from("52:54:0a:00:00:00")},
        {matched, from("52:54:0b:ff:ff:ff")},
        {unmatched, from("52:54:0c:00:00:00")},
        {unmatched, from("52:54:09:ff:ff:ff")}}},
      {"dstmacaddr='52:54:00:00:00:0b'",
       {{matched, frame}, {unmatched, to("52:54:00:00:00:0a")}, {unmatched, to("56:54:00:00:00:0b")}}},
      {"dstmacaddr='ff:ff:ff:ff:ff:ff'", {{matched, to("ff:ff:ff:ff:ff:ff")}, {unmatched, frame}}, {}, {}, false},
      {"dstmacaddr='01:00:00:00:00:00' dstmacmask='ff:00:00:00:00:00'",
       {{matched, to("01:00:5e:00:00:01")}, {unmatched, frame}, {unmatched, to("33:33:00:00:00:01")}},
       {},
       {},
       false},
      {"dstmacaddr='52:54:00:00:00:0c' dstmacmask='ff:ff:ff:ff:ff:fc'",
       {{matched, to("52:54:00:00:00:0c")},
        {matched, to("52:54:00:00:00:0f")},
        {unmatched, to("52:54:00:00:00:0b")},
        {unmatched, to("52:54:00:00:00:10")}}},
      {"srcmacaddr='52:54:00:00:00:0a' dstmacaddr='52:54:00:00:00:0b'",
       {{matched, frame}, {never, from("52:54:00:00:00:0c")}, {never, to("52:54:00:00:00:0c")}}},
  };
}

} // namespace nwgate::packets
