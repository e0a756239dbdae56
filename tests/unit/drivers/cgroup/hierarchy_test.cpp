// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/cgroup/hierarchy.h"

#include <gtest/gtest.h>

namespace nwgate::cgroup {
namespace {

TEST(Hierarchy, IsFoundWhereItIsMounted) {
  EXPECT_EQ(cgroup2_mount_in("22 21 0:5 / /proc rw - proc proc rw\n"
                             "35 30 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"),
            "/sys/fs/cgroup");
  EXPECT_EQ(cgroup2_mount_in("40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
                             "41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 master:2 - cgroup2 cgroup2 rw\n"),
            "/sys/fs/cgroup/unified")
      << "beside the controllers of v1, and with any number of tags";
}

TEST(Hierarchy, IsTheMountOfTheRootIfThereIsOne) {
  const std::string below = "35 30 0:30 /user.slice /mnt/user rw - cgroup2 none rw\n";
  EXPECT_EQ(cgroup2_mount_in(below), "/mnt/user");
  EXPECT_EQ(cgroup2_mount_in(below + "36 30 0:30 / /mnt/all rw - cgroup2 none rw\n"
                                     "37 30 0:30 / /mnt/too rw - cgroup2 none rw\n"),
            "/mnt/all");
}

TEST(Hierarchy, EscapesOfMountPointsAreRead) {
  EXPECT_EQ(cgroup2_mount_in("35 30 0:30 / /a\\040b\\134c\\011\\9 rw - cgroup2 none rw\n"), "/a b\\c\t\\9");
}

TEST(Hierarchy, IsNowhereWithoutCgroup2) {
  EXPECT_EQ(cgroup2_mount_in(""), std::nullopt);
  EXPECT_EQ(cgroup2_mount_in("\n\n - cgroup2\n35 30 0:30 / /a rw -\n35 30 0:30 / /a rw\n"), std::nullopt);
  EXPECT_EQ(cgroup2_mount_in("35 30 0:30 / /cgroup2 rw - tmpfs cgroup2 rw\n"), std::nullopt);
}

TEST(Hierarchy, LevelsAreCountedFromTheRoot) {
  EXPECT_EQ(level_of("/"), 0U);
  EXPECT_EQ(level_of("/a"), 1U);
  EXPECT_EQ(level_of("/a/b/c"), 3U);
}

} // namespace
} // namespace nwgate::cgroup
