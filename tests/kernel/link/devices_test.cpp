// SPDX-License-Identifier: LGPL-2.1-or-later
/// Devices as the kernel has them, asked for one by one and all at once.
#include "drivers/link/devices.h"

#include "tests/kernel/netlink/support.h"

#include <net/if.h>

namespace nwgate::link {
namespace {

class DevicesTest : public netlink::testing::KernelTest {
protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure())
      return;
    netlink::testing::shell("ip link add br0 type bridge && ip link set br0 up"
                            " && for i in $(seq 0 39); do ip link add v$i type veth peer name w$i || exit; done"
                            " && ip link set v1 master br0");
  }
  /// Nothing for a device that is not there.
  static std::optional<Attachment> attachment_of(Devices &devices, const std::string &name) {
    const auto device = devices.find(name);
    EXPECT_TRUE(device) << device.error().message();
    if (!device || !*device)
      return std::nullopt;
    EXPECT_EQ((*device)->index, if_nametoindex(name.c_str()));
    return (*device)->attachment;
  }
  static void expect_all(Devices &devices) {
    EXPECT_EQ(attachment_of(devices, "v0"), Attachment::routed);
    EXPECT_EQ(attachment_of(devices, "v1"), Attachment::bridge_port);
    EXPECT_EQ(attachment_of(devices, "br0"), Attachment::routed);
    EXPECT_EQ(attachment_of(devices, "absent"), std::nullopt);
    EXPECT_EQ(attachment_of(devices, ""), std::nullopt);
  }
};

TEST_F(DevicesTest, a_few_are_asked_for_as_they_are_now) {
  Devices devices;
  expect_all(devices);
  netlink::testing::shell("ip link set v0 master br0");
  EXPECT_EQ(attachment_of(devices, "v0"), Attachment::bridge_port);
}

TEST_F(DevicesTest, many_are_listed) {
  Devices devices;
  for (int i = 4; i < 40; ++i)
    EXPECT_EQ(attachment_of(devices, "v" + std::to_string(i)), Attachment::routed);
  expect_all(devices);
}

} // namespace
} // namespace nwgate::link
