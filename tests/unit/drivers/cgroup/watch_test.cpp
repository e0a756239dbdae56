// SPDX-License-Identifier: LGPL-2.1-or-later
// Directories of cgroups and others are watched alike: these are of the file system for temporary files.
#include "drivers/cgroup/watch.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>

namespace nwgate::cgroup {
namespace {

namespace fs = std::filesystem;

class WatchTest : public testing::Test {
protected:
  WatchTest() {
    const fs::path memory = "/dev/shm"; // thousands of directories are quickly made there
    std::string name = (fs::is_directory(memory) ? memory : fs::temp_directory_path()) / "nwgate-watch-XXXXXX";
    root_ = mkdtemp(name.data());
  }
  ~WatchTest() override { fs::remove_all(root_); }

  Watch watch(const std::set<std::string> &paths, const std::string &suffix = {}) const {
    auto watch = Watch::open(root_, suffix).value();
    std::set<std::string> whole;
    for (const auto &path : paths)
      whole.insert(root_ / path);
    EXPECT_TRUE(watch.want(whole));
    return watch;
  }
  void make(const std::string &path) const { fs::create_directories(root_ / path); }
  void remove(const std::string &path) const { fs::remove_all(root_ / path); }
  void write(const std::string &path, const std::string &text = "x") const { std::ofstream(root_ / path) << text; }

  fs::path root_;
};

bool is_readable(const Watch &watch) {
  pollfd file = {watch.descriptor(), POLLIN, 0};
  return poll(&file, 1, 0) == 1;
}

TEST_F(WatchTest, TellsWhatComesAndGoes) {
  auto watched = watch({"a"});
  EXPECT_EQ(watched.changed().value(), Change::none);
  EXPECT_FALSE(is_readable(watched));
  make("a");
  EXPECT_TRUE(is_readable(watched));
  EXPECT_EQ(watched.changed().value(), Change::finished);
  EXPECT_FALSE(is_readable(watched));
  EXPECT_EQ(watched.changed().value(), Change::none);
  remove("a");
  EXPECT_EQ(watched.changed().value(), Change::unfinished);
  remove("a");
  make("a");
  EXPECT_EQ(watched.changed().value(), Change::finished) << "the same path, and another directory";
}

TEST_F(WatchTest, FollowsMissingDirectoriesDown) {
  auto watched = watch({"a/b/c"});
  make("a");
  EXPECT_EQ(watched.changed().value(), Change::finished);
  make("a/b");
  EXPECT_EQ(watched.changed().value(), Change::finished);
  make("a/b/c");
  EXPECT_EQ(watched.changed().value(), Change::finished);
  remove("a");
  EXPECT_NE(watched.changed().value(), Change::none);
  make("a/b/c"); // all at once: what comes below before it is watched is there when it is
  EXPECT_EQ(watched.changed().value(), Change::finished);
  remove("a/b/c");
  EXPECT_EQ(watched.changed().value(), Change::unfinished);
}

TEST_F(WatchTest, OthersAreOfNoInterest) {
  make("a");
  auto watched = watch({"a/b"});
  make("c");
  make("a/bb");
  make("a/c");
  remove("a/c");
  write("a/file");
  EXPECT_EQ(watched.changed().value(), Change::none);
  make("a/b");
  EXPECT_EQ(watched.changed().value(), Change::finished);
  make("a/b/c");
  EXPECT_FALSE(is_readable(watched)) << "what is in a cgroup that is wanted is not watched";
}

TEST_F(WatchTest, NamesThatSortBetweenAPathAndWhatIsBelowIt) {
  make("a");
  make("a-b");
  auto watched = watch({"a/x", "a-b/x", "a"});
  make("a/x");
  EXPECT_EQ(watched.changed().value(), Change::finished);
  make("a-b/x");
  EXPECT_EQ(watched.changed().value(), Change::finished);
}

TEST_F(WatchTest, WhatIsWantedChanges) {
  make("a");
  make("b");
  auto watched = watch({"a/x"});
  ASSERT_TRUE(watched.want({root_ / "b/x"}));
  make("a/x");
  EXPECT_EQ(watched.changed().value(), Change::none);
  make("b/x");
  EXPECT_EQ(watched.changed().value(), Change::finished);
}

TEST_F(WatchTest, FilesOfWantedDirectories) {
  make("a");
  auto watched = watch({"a"}, ".xml");
  write("a/one.txt");
  write("a/.one.xml");
  write("one.xml");
  EXPECT_EQ(watched.changed().value(), Change::none);
  write("a/one.xml");
  EXPECT_EQ(watched.changed().value(), Change::finished);
  write("a/one.xml", "other");
  EXPECT_EQ(watched.changed().value(), Change::finished);
  fs::rename(root_ / "a/.one.xml", root_ / "a/two.xml");
  EXPECT_EQ(watched.changed().value(), Change::finished);
  std::ofstream open(root_ / "a/three.xml");
  EXPECT_EQ(watched.changed().value(), Change::unfinished) << "not written yet";
  open.close();
  EXPECT_EQ(watched.changed().value(), Change::finished);
  fs::remove(root_ / "a/one.xml");
  EXPECT_EQ(watched.changed().value(), Change::unfinished);
  remove("a");
  make("a");
  EXPECT_EQ(watched.changed().value(), Change::finished);
  write("a/one.xml");
  EXPECT_EQ(watched.changed().value(), Change::finished);
}

TEST_F(WatchTest, MoreThanTheKernelKeeps) {
  auto watched = watch({"a"});
  std::size_t limit = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> limit;
  if (limit > 100000)
    GTEST_SKIP() << "the queue is too long to fill";
  for (std::size_t i = 0; i <= limit / 2; ++i) {
    fs::create_directory(root_ / "x");
    fs::remove(root_ / "x");
  }
  make("a"); // is not told of
  EXPECT_EQ(watched.changed().value(), Change::finished);
  remove("a");
  EXPECT_EQ(watched.changed().value(), Change::unfinished);
}

TEST_F(WatchTest, TheBaseHasToBeThere) {
  auto watched = Watch::open(root_ / "missing").value();
  EXPECT_FALSE(watched.want({root_ / "missing/a"}));
}

} // namespace
} // namespace nwgate::cgroup
