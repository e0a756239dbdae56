// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the kernel's match for BPDUs, which reads them one byte too early, makes of real ones. libvirt's rules are the
/// same and do the same. A kernel that reads them right will fail here.
#include "fixture.h"

#include <fmt/format.h>

namespace nwgate::packets {
namespace {

class StpMatch : public KernelTest {
protected:
  /// Whether a rule that accepts these attributes lets the message pass.
  bool matches(const std::string &attributes, Stp message) {
    engine().bind_rules({fmt::format("<rule action='accept' direction='out' priority='0'><stp {}/></rule>", attributes),
                         "<rule action='drop' direction='out' priority='1000'/>"});
    if (!wire_)
      wire_.emplace(network());
    message.is_real = true;
    return wire_->passes(Sender::workload, message);
  }

private:
  std::optional<Wire> wire_;
};

TEST_F(StpMatch, KnowsTheMessagesByTheirAddress) {
  EXPECT_TRUE(matches("", {}));
  EXPECT_TRUE(matches("", {.type = 2}));
  EXPECT_TRUE(matches("srcmacaddr='52:54:00:00:00:0a'", {}));
  EXPECT_FALSE(matches("srcmacaddr='52:54:00:00:00:0b'", {}));
}

TEST_F(StpMatch, TakesTheVersionForTheType) {
  EXPECT_TRUE(matches("type='0'", {.type = 0}));
  EXPECT_TRUE(matches("type='0'", {.type = 0x80}));
  EXPECT_FALSE(matches("type='128'", {.type = 0x80}));
}

TEST_F(StpMatch, TakesTheTypeForTheFlags) {
  EXPECT_TRUE(matches("flags='0'", {.flags = 1}));
  EXPECT_FALSE(matches("flags='1'", {.flags = 1}));
  EXPECT_TRUE(matches("flags='128'", {.type = 0x80}));
}

TEST_F(StpMatch, TakesTheFlagsForHalfOfTheRootsPriority) {
  EXPECT_FALSE(matches("root-priority='4096'", {.root_priority = 0x1000}));
  EXPECT_TRUE(matches("root-priority='272'", {.flags = 1, .root_priority = 0x1000}));
}

} // namespace
} // namespace nwgate::packets
