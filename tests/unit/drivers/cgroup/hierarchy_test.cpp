// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/cgroup/hierarchy.h"

#include <gtest/gtest.h>

namespace nwgate::cgroup {
namespace {

std::string point_in(std::string_view mountinfo) { return cgroup2_mount_in(mountinfo).value_or(Mount{}).point; }

TEST(Hierarchy, IsFoundWhereItIsMounted) {
  EXPECT_EQ(point_in("22 21 0:5 / /proc rw - proc proc rw\n"
                     "35 30 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"),
            "/sys/fs/cgroup");
  EXPECT_EQ(point_in("40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
                     "41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 master:2 - cgroup2 cgroup2 rw\n"),
            "/sys/fs/cgroup/unified")
      << "beside the controllers of v1, and with any number of tags";
}

TEST(Hierarchy, IsTheMountOfTheRootIfThereIsOne) {
  const std::string below = "35 30 0:30 /user.slice /mnt/user rw - cgroup2 none rw\n";
  EXPECT_EQ(point_in(below), "/mnt/user");
  EXPECT_EQ(point_in(below + "36 30 0:30 / /mnt/all rw - cgroup2 none rw\n"
                             "37 30 0:30 / /mnt/too rw - cgroup2 none rw\n"),
            "/mnt/all");
}

TEST(Hierarchy, EscapesOfMountPointsAreRead) {
  EXPECT_EQ(point_in("35 30 0:30 / /a\\040b\\134c\\011\\9 rw - cgroup2 none rw\n"), "/a b\\c\t\\9");
}

TEST(Hierarchy, IsNowhereWithoutCgroup2) {
  EXPECT_EQ(point_in(""), "");
  EXPECT_EQ(point_in("\n\n - cgroup2\n35 30 0:30 / /a rw -\n35 30 0:30 / /a rw\n"), "");
  EXPECT_EQ(point_in("35 30 0:30 / /cgroup2 rw - tmpfs cgroup2 rw\n"), "");
}

TEST(Hierarchy, WhatIsMountedIsTold) {
  const auto root_in = [](std::string_view mountinfo) { return cgroup2_mount_in(mountinfo).value_or(Mount{}).root; };
  EXPECT_EQ(root_in("35 30 0:30 / /sys/fs/cgroup rw - cgroup2 none rw\n"), "/");
  EXPECT_EQ(root_in("35 30 0:30 /user\\040slice /mnt/user rw - cgroup2 none rw\n"), "/user slice");
  EXPECT_EQ(root_in("35 30 0:30 /../.. /sys/fs/cgroup rw - cgroup2 none rw\n"), "/../..");
}

TEST(Hierarchy, PathsAreFromTheMountedCgroupOn) {
  EXPECT_EQ(path_below("/", "/a/b"), "/a/b");
  EXPECT_EQ(path_below("/a/b", "/a/b"), "/");
  EXPECT_EQ(path_below("/a/b", "/a/b/c"), "/c");
  EXPECT_EQ(path_below("/a/b", "/a/bc"), std::nullopt);
  EXPECT_EQ(path_below("/a/b", "/"), std::nullopt);
  EXPECT_EQ(path_below("/..", "/a"), std::nullopt) << "the name of the namespace's root cannot be told";
}

TEST(Hierarchy, LevelsAreCountedFromTheRoot) {
  EXPECT_EQ(level_of("/"), 0);
  EXPECT_EQ(level_of("/a"), 1);
  EXPECT_EQ(level_of("/a/b/c"), 3);
  EXPECT_EQ(level_of("/../.."), -2);
  EXPECT_EQ(level_of("/../a"), 0);
}

} // namespace
} // namespace nwgate::cgroup
