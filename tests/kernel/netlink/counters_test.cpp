// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/netlink/support.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace nwgate::netlink::testing {
namespace {

class CountersTest : public KernelTest {
protected:
  const ChainName output_{Family::ip, "filter", "OUTPUT"};

  /// UDP over the loopback device: 20 bytes of IP, 8 of UDP, 72 of data each.
  static void send_packets(int count) {
    const int receiver = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int sender = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto *address = reinterpret_cast<const sockaddr *>(&to);
    ASSERT_EQ(bind(receiver, address, sizeof to), 0);
    const std::string data(72, 'x');
    for (int sent = 0; sent < count; ++sent)
      ASSERT_EQ(sendto(sender, data.data(), data.size(), 0, address, sizeof to), 72);
    close(sender);
    close(receiver);
  }
  NftRule only_rule() {
    auto found = rules(socket(), output_);
    EXPECT_TRUE(found);
    EXPECT_EQ(found->size(), 1U);
    return std::move(found->front());
  }
};

TEST_F(CountersTest, survive_a_replacement) {
  shell("ip link set lo up");
  Transaction make;
  make.add_table(table_, 0);
  make.add_base_chain(output_, {"filter", NF_INET_LOCAL_OUT, 0, Policy::accept}, 0);
  make.add_rule(*make_rule(output_, "old"), Position::append(), 0);
  must_commit(make);
  EXPECT_EQ(counts(*only_rule()), Counts{});
  send_packets(3);
  const NftRule old = only_rule();
  const auto before = counts(*old);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->packets, 3U);
  EXPECT_EQ(before->bytes, 300U);

  NftRule fresh = make_rule(output_, "new", NF_ACCEPT);
  ASSERT_TRUE(set_counts(*fresh, *before));
  Transaction replace;
  replace.replace_rule(*fresh, nftnl_rule_get_u64(old.get(), NFTNL_RULE_HANDLE), 0);
  must_commit(replace);
  EXPECT_EQ(counts(*only_rule()), before);
  EXPECT_EQ(label_of(*only_rule()), "new");
  send_packets(1);
  EXPECT_EQ(counts(*only_rule()), (Counts{4, 400}));
}

TEST_F(CountersTest, a_rule_without_a_counter_has_none) {
  NftRule rule(nftnl_rule_alloc());
  EXPECT_FALSE(counts(*rule));
  EXPECT_FALSE(set_counts(*rule, {1, 2}));
}

} // namespace
} // namespace nwgate::netlink::testing
