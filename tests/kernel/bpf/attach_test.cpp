// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is pinned and linked, what of it differs, and what is left when a process is killed.
#include "tests/kernel/bpf/cgroup_fixture.h"

#include "drivers/bpf/attached.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/socket.h>
#include <sys/wait.h>

namespace nwgate::bpf::testing {
namespace {

constexpr std::uint16_t port = 2001;

std::string drop_to(std::uint16_t number) {
  return "chain ipv4 out \"root\" 0 end return\n  ip.protocol 17, th.dport " + std::to_string(number) + ", drop\n";
}

/// Addresses 10.0.0.0 and on, `step` apart, are dropped.
ClosedProgram list_of(int count, int step) {
  std::vector<std::string> rules;
  for (int i = 0; i < count; ++i)
    rules.push_back("ip.daddr 10.0." + std::to_string(i * step / 256) + '.' + std::to_string(i * step % 256) +
                    ", drop");
  return program_of("ipv4", "out", rules);
}

class AttachTest : public CgroupTest {
protected:
  FilterDrift drift(const CgroupFilter &wanted) {
    WantedTags tags(bpf());
    const auto found = compare(bpf(), tags, wanted, cgroup(), pins());
    EXPECT_TRUE(found) << found.error().message();
    return found ? *found : FilterDrift();
  }
  AttachedFilter attached() {
    const auto read = read_attached(bpf(), pins());
    EXPECT_TRUE(read) << read.error().message();
    return read ? *read : AttachedFilter();
  }
  void expect_one_each() {
    EXPECT_EQ(attached_count(Direction::out), 1);
    EXPECT_EQ(attached_count(Direction::in), 1);
    EXPECT_FALSE(std::filesystem::exists(pins() + "/out-new"));
    EXPECT_FALSE(std::filesystem::exists(pins() + "/in-new"));
  }
};

TEST_F(AttachTest, nothing_is_there_at_first) {
  const auto filter = filter_of(drop_to(port));
  EXPECT_EQ(drift(filter).out, Drift::missing);
  EXPECT_FALSE(attached().out);
  EXPECT_TRUE(detach(bpf(), pins()));
}

TEST_F(AttachTest, what_is_attached_is_what_was_wanted) {
  const auto filter = filter_of(drop_to(port));
  must_attach(filter);
  EXPECT_EQ(drift(filter).out, Drift::none);
  EXPECT_EQ(drift(filter).in, Drift::none);
  const auto found = attached();
  ASSERT_TRUE(found.out && found.in);
  EXPECT_EQ(found.out->cgroup_id, *cgroup_id(cgroup()));
  EXPECT_NE(found.out->tag, found.in->tag);
  expect_one_each();
}

TEST_F(AttachTest, other_code_is_told) {
  must_attach(filter_of(drop_to(port)));
  const auto found = drift(filter_of(drop_to(port + 1)));
  EXPECT_EQ(found.out, Drift::other_program);
  EXPECT_EQ(found.in, Drift::none);
}

TEST_F(AttachTest, other_addresses_in_a_map_are_told) {
  CompileLimits limits;
  limits.lookup_from = {2, 2};
  const auto filter = filter_of(list_of(100, 2), limits);
  ASSERT_EQ(filter.out.maps.size(), 1U);
  must_attach(filter);
  EXPECT_EQ(drift(filter).out, Drift::none);
  EXPECT_EQ(drift(filter_of(list_of(100, 3), limits)).out, Drift::other_program);
  EXPECT_EQ(drift(filter_of(list_of(99, 2), limits)).out, Drift::other_program);
  EXPECT_EQ(drift(filter_of(list_of(101, 2), limits)).out, Drift::other_program);
}

/// What is known of one program's code is not taken for that of another, nor for what is in its map.
TEST_F(AttachTest, one_answer_serves_many_comparisons) {
  CompileLimits limits;
  limits.lookup_from = {2, 2};
  const auto few = filter_of(list_of(5, 2)), many = filter_of(list_of(50, 2), limits),
             others = filter_of(list_of(50, 3), limits);
  ASSERT_EQ(many.out.maps.size(), 1U); // the code of both is the same
  WantedTags tags(bpf());
  for (const auto *attached : {&few, &many, &others}) {
    must_attach(*attached);
    for (const auto *wanted : {&few, &many, &others}) {
      const auto found = compare(bpf(), tags, *wanted, cgroup(), pins());
      ASSERT_TRUE(found) << found.error().message();
      EXPECT_EQ(found->out, attached == wanted ? Drift::none : Drift::other_program);
      EXPECT_EQ(found->in, Drift::none);
    }
  }
}

TEST_F(AttachTest, a_new_filter_goes_on_counting) {
  const FilterCounts before{{{1, 100}, {2, 200}}, {{3, 300}, {4, 400}}};
  const auto filter = filter_of(drop_to(port));
  ASSERT_TRUE(attach(bpf(), filter, cgroup(), pins(), before));
  EXPECT_EQ(attached().counts, before);
  ASSERT_TRUE(attach(bpf(), filter_of(drop_to(port + 1)), cgroup(), pins(), {{{9, 9}, {9, 9}}, {}}));
  EXPECT_EQ(attached().counts, before) << "it has counters already";
  const auto sender = socket_of_cgroup(AF_INET, SOCK_DGRAM);
  EXPECT_EQ(send_to(sender, AF_INET, port + 1, "x"), EPERM);
  EXPECT_EQ(attached().counts.out.dropped, (Counts{3, 200 + 20 + 8 + 1}));
}

TEST_F(AttachTest, other_counters_are_told) {
  const auto filter = filter_of(drop_to(port));
  must_attach(filter);
  ASSERT_EQ(unlink((pins() + "/counters").c_str()), 0);
  EXPECT_EQ(drift(filter).out, Drift::other_program);
  must_attach(filter);
  EXPECT_EQ(drift(filter).out, Drift::none);
}

TEST_F(AttachTest, counters_stay_over_a_replacement) {
  must_attach(filter_of(drop_to(port)));
  const auto sender = socket_of_cgroup(AF_INET, SOCK_DGRAM);
  EXPECT_EQ(send_to(sender, AF_INET, port, "x"), EPERM);
  must_attach(filter_of(drop_to(port + 1)));
  EXPECT_EQ(send_to(sender, AF_INET, port, "x"), 0);
  EXPECT_EQ(attached().counts.out.dropped.packets, 1U);
  EXPECT_EQ(attached().counts.out.accepted.packets, 1U);
}

TEST_F(AttachTest, cgroup_that_was_made_again_gets_a_new_link) {
  const auto filter = filter_of(drop_to(port));
  must_attach(filter);
  make_cgroup_again();
  EXPECT_EQ(drift(filter).out, Drift::other_cgroup);
  for (int i = 0; i < 500 && attached().out->cgroup_id != 0; ++i) // the kernel takes its time
    usleep(10'000);
  EXPECT_EQ(attached().out->cgroup_id, 0U);
  EXPECT_EQ(drift(filter).out, Drift::other_cgroup);
  must_attach(filter);
  EXPECT_EQ(drift(filter).out, Drift::none);
  expect_one_each();
  EXPECT_EQ(send_to(socket_of_cgroup(AF_INET, SOCK_DGRAM), AF_INET, port, "x"), EPERM);
}

TEST_F(AttachTest, what_a_killed_process_left_is_finished) {
  must_attach(filter_of(drop_to(port)));
  ASSERT_EQ(std::rename((pins() + "/out").c_str(), (pins() + "/out-new").c_str()), 0);
  const auto filter = filter_of(drop_to(port + 1));
  EXPECT_EQ(drift(filter).out, Drift::missing);
  must_attach(filter);
  EXPECT_EQ(drift(filter).out, Drift::none);
  expect_one_each();
}

TEST_F(AttachTest, nothing_is_left_when_detached) {
  must_attach(filter_of(drop_to(port)));
  const auto detached = detach(bpf(), pins());
  ASSERT_TRUE(detached) << detached.error().message();
  EXPECT_EQ(attached_count(Direction::out), 0);
  EXPECT_EQ(attached_count(Direction::in), 0);
  EXPECT_FALSE(std::filesystem::exists(pins()));
}

TEST_F(AttachTest, directory_elsewhere_is_refused) {
  const auto attached = attach(bpf(), filter_of(drop_to(port)), cgroup(), "/tmp/nwgate-no-bpf/x");
  ASSERT_FALSE(attached);
  EXPECT_NE(attached.error().message().find("no file system of type bpf"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists("/tmp/nwgate-no-bpf"));
}

TEST_F(AttachTest, directory_that_is_no_cgroup_is_refused) {
  const Descriptor root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto attached = attach(bpf(), filter_of(drop_to(port)), root.get(), pins());
  ASSERT_FALSE(attached);
  EXPECT_NE(attached.error().message().find("cgroup"), std::string::npos);
}

/// What is forbidden before and after is forbidden in between, whenever the process is killed.
TEST_F(AttachTest, kill_at_any_moment_leaves_a_filter) {
  const std::array filters = {filter_of(drop_to(port) + "  ip.daddr 10.0.0.1, drop\n"), filter_of(drop_to(port))};
  must_attach(filters[0]);
  const auto sender = socket_of_cgroup(AF_INET, SOCK_DGRAM);
  for (int round = 0; round < 60; ++round) {
    const auto child = fork();
    if (child == 0) {
      for (std::size_t i = 0;; ++i)
        if (!attach(bpf(), filters[i % 2], cgroup(), pins()))
          _exit(1);
    }
    usleep(static_cast<useconds_t>(500 + round * 97));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "attach() failed";
    ASSERT_EQ(send_to(sender, AF_INET, port, "x"), EPERM) << round;
  }
  must_attach(filters[1]);
  EXPECT_EQ(drift(filters[1]).out, Drift::none);
  expect_one_each();
}

/// As before, from nothing: either there is a filter or there is none, and never two.
TEST_F(AttachTest, kill_at_any_moment_of_the_first_attach_is_mended) {
  const auto filter = filter_of(drop_to(port));
  for (int round = 0; round < 60; ++round) {
    const auto child = fork();
    if (child == 0)
      _exit(attach(bpf(), filter, cgroup(), pins()) ? 0 : 1);
    usleep(static_cast<useconds_t>(round * 61));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    must_attach(filter);
    ASSERT_EQ(drift(filter).out, Drift::none);
    ASSERT_EQ(drift(filter).in, Drift::none);
    expect_one_each();
    const auto detached = detach(bpf(), pins());
    ASSERT_TRUE(detached) << detached.error().message();
  }
}

} // namespace
} // namespace nwgate::bpf::testing
