// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/cgroup.h"

#include "engine/model/access_list.h"

#include <gtest/gtest.h>

namespace nwgate {
namespace {

TEST(Cgroup, PathsBeginAtTheRoot) {
  EXPECT_EQ(normal_cgroup_path("/"), "/");
  EXPECT_EQ(normal_cgroup_path("/a"), "/a");
  EXPECT_EQ(normal_cgroup_path("/a/b c.slice/"), "/a/b c.slice");
  EXPECT_EQ(normal_cgroup_path("/..a/b..:%"), "/..a/b..:%");
  for (const auto *text :
       {"", "a", "a/b", "//", "/a//b", "//a", "/a//", "/.", "/..", "/a/../b", "/a/./b", "/a/..", "/a\nb"})
    EXPECT_EQ(normal_cgroup_path(text), std::nullopt) << text;
  EXPECT_EQ(normal_cgroup_path(std::string_view("/a\0b", 4)), std::nullopt);
  EXPECT_TRUE(normal_cgroup_path('/' + std::string(255, 'x')));
  EXPECT_FALSE(normal_cgroup_path('/' + std::string(256, 'x')));
  std::string path;
  while (path.size() < 4096)
    path += '/' + std::string(255, 'x');
  EXPECT_TRUE(normal_cgroup_path(path.substr(0, 4095)));
  EXPECT_FALSE(normal_cgroup_path(path));
}

TEST(Cgroup, ClassIdsAreNumbers) {
  EXPECT_EQ(parse_classid("1"), 1U);
  EXPECT_EQ(parse_classid("0x100001"), 0x100001U);
  EXPECT_EQ(parse_classid("0XFFFFFFFF"), 0xffffffffU);
  EXPECT_EQ(parse_classid("4294967295"), 0xffffffffU);
  for (const auto *text :
       {"", "0", "0x0", "0x", "x", "1 ", " 1", "-1", "+1", "0x-1", "ff", "1:1", "0x100000000", "4294967296"})
    EXPECT_EQ(parse_classid(text), std::nullopt) << text;
}

TEST(Cgroup, NamesAreReadAsTheyAreWritten) {
  for (const auto &name : {CgroupName{"/", 0}, CgroupName{"/a/b", 0}, CgroupName{"", 0x100001}}) {
    const auto read = parse_cgroup_name(name.to_string());
    ASSERT_TRUE(read) << name.to_string();
    EXPECT_EQ(*read, name);
  }
  EXPECT_EQ((CgroupName{"", 0x100001}.to_string()), "classid:0x100001");
  for (const auto *text : {"", "vnet0", "classid:", "classid:0", "classid:/a", "a/b"})
    EXPECT_EQ(parse_cgroup_name(text), std::nullopt) << text;
}

std::string read_access(std::string_view text) {
  std::string all;
  for (const auto &prefix : parse_access(text)) {
    const auto address = std::visit([](const auto &value) { return value.to_string(); }, prefix.address);
    all += (all.empty() ? "" : " ") + address + '/' + std::to_string(prefix.length);
  }
  return all;
}

TEST(AccessList, HasAddressesAndPrefixes) {
  EXPECT_EQ(read_access("10.1.2.3"), "10.1.2.3/32");
  EXPECT_EQ(read_access("10.1.2.3/8"), "10.0.0.0/8") << "bits behind the prefix do not count";
  EXPECT_EQ(read_access("10.1.2.3/0"), "0.0.0.0/0");
  EXPECT_EQ(read_access("fd00::1"), "fd00::1/128");
  EXPECT_EQ(read_access("fd00:0:0::ffff/65"), "fd00::/65");
  EXPECT_EQ(read_access("::ffff:1.2.3.4/128"), "::ffff:1.2.3.4/128");
}

TEST(AccessList, HasTheWordsOfSystemd) {
  EXPECT_EQ(read_access("any"), "0.0.0.0/0 ::/0");
  EXPECT_EQ(read_access("localhost"), "127.0.0.0/8 ::1/128");
  EXPECT_EQ(read_access("link-local"), "169.254.0.0/16 fe80::/64");
  EXPECT_EQ(read_access("multicast"), "224.0.0.0/4 ff00::/8");
}

TEST(AccessList, HasNothingElse) {
  for (const auto *text : {"",
                           "/",
                           "/8",
                           "Any",
                           "localhost/8",
                           "10.0.0.0/",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/+8",
                           "10.0.0.0/8/8",
                           "10.0.0.0/x",
                           "10.0.0.0/255.0.0.0",
                           "10.0.0.0/4294967304",
                           "10.1",
                           "10",
                           "010.0.0.1",
                           "10.0.0.256",
                           "10.0.0.1 ",
                           "fd00::/129",
                           "fe80::1%eth0",
                           "[::1]",
                           "::1::",
                           "any 10.0.0.1"})
    EXPECT_EQ(read_access(text), "") << text;
}

} // namespace
} // namespace nwgate
