// SPDX-License-Identifier: LGPL-2.1-or-later
// The frames of a capture: the input is a row of frames, each with its length, that on the wire and a time in front.

#include "engine/explain/traffic.h"
#include "engine/program/text_form.h"
#include "tests/fuzz/checks.h"

#include <algorithm>

namespace {

using namespace nwgate;

/// Looks at a field of each kind.
constexpr auto rules = "program \"x\"\n"
                       "chain ethernet out \"root\" 0 end accept\n"
                       "  arp.spa 10.0.0.1, drop @ \"f.xml\":1:1 in \"f\"\n"
                       "  stp.forward_delay 1, drop @ \"f.xml\":1:1 in \"f\"\n"
                       "  ether.type 0x0800, ip.protocol 6, th.sport 1, drop @ \"f.xml\":1:1 in \"f\"\n"
                       "  ether.type 0x86dd, icmp6.type 1-2/3-4, drop @ \"f.xml\":1:1 in \"f\"\n"
                       "chain ipv4 out \"root\" 0 end return\n"
                       "  ct.state established, ct.direction reply, accept @ \"f.xml\":1:1 in \"f\"\n"
                       "  ip.protocol 6, tcp.option 3, accept @ \"f.xml\":1:1 in \"f\"\n"
                       "  ct.count 3, drop @ \"f.xml\":1:1 in \"f\"\n"
                       "chain ipv6 out \"root\" 0 end return\n"
                       "  ip6.protocol 58, icmp6.type 3, drop @ \"f.xml\":1:1 in \"f\"\n"
                       "  ct.state new|related, accept @ \"f.xml\":1:1 in \"f\"\n";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const auto program = [] {
    auto read = parse_program(rules);
    if (const auto *why = std::get_if<std::string>(&read))
      fuzz::broken(*why);
    return ClosedProgram{std::get<Program>(std::move(read))};
  }();
  Traffic traffic(program, {{0x02, 0, 0, 0, 0, 1}}, Direction::out);
  for (std::size_t at = 0; at + 3 <= size;) {
    CapturedFrame frame;
    const std::size_t length = data[at];
    frame.length = length + data[at + 1];
    frame.time = std::chrono::seconds(data[at + 2]);
    at += 3;
    frame.bytes.assign(data + at, data + at + std::min(length, size - at));
    at += frame.bytes.size();
    const auto judged = traffic.judge(frame);
    if (judged.words.empty())
      fuzz::broken("a frame without words");
    if (!judged.explanation && judged.notes.empty())
      fuzz::broken("a frame is not judged, and nothing says why");
  }
  return 0;
}
