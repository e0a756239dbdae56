// SPDX-License-Identifier: LGPL-2.1-or-later
/// Limits of connections, with real ones.
#include "fixture.h"

namespace nwgate::packets {
namespace {

class ConnectionLimits : public ConnectionTest {};

TEST_F(ConnectionLimits, TheThirdClientConnectionIsOneTooMany) {
  engine().bind_rules(
      {"<rule action='drop' direction='in' priority='100'><tcp dstportstart='22' connlimit-above='2'/></rule>"});
  Connection first;
  Connection second;
  Connection third;
  EXPECT_EQ(open_tcp(from_peer(22), Expect::success, first), Result::works);
  EXPECT_EQ(open_tcp(from_peer(22), Expect::success, second), Result::works);
  EXPECT_EQ(open_tcp(from_peer(22), Expect::silence, third), Result::silent);
  EXPECT_TRUE(still_talks(first));
  EXPECT_TRUE(still_talks(second));
  EXPECT_EQ(try_tcp(from_peer(23)), Result::works) << "another port";
  EXPECT_EQ(try_tcp(to_peer(22)), Result::works) << "another direction";
}

TEST_F(ConnectionLimits, OfTheWorkload) {
  engine().bind_rules({"<rule action='reject' direction='out' priority='100'><tcp connlimit-above='1'/></rule>"});
  Connection first;
  EXPECT_EQ(open_tcp(to_peer(80), Expect::success, first), Result::works);
  EXPECT_EQ(try_tcp(to_peer(81)), Result::refused);
  EXPECT_TRUE(still_talks(first));
}

TEST_F(ConnectionLimits, NegatedTheyAreWhatIsAllowed) {
  engine().bind_rules(
      {"<rule action='accept' direction='in' priority='100'><tcp match='no' connlimit-above='1'/></rule>",
       "<rule action='accept' direction='out' priority='100'><tcp state='ESTABLISHED'/></rule>", drop_all});
  Connection first;
  EXPECT_EQ(open_tcp(from_peer(22), Expect::success, first), Result::works);
  EXPECT_EQ(try_tcp(from_peer(22), Expect::silence), Result::silent);
  EXPECT_TRUE(still_talks(first));
}

TEST_F(ConnectionLimits, OverIpv6) {
  engine().bind_rules({"<rule action='drop' direction='in' priority='100'><tcp-ipv6 connlimit-above='1'/></rule>"});
  Connection first;
  EXPECT_EQ(open_tcp(from_peer_v6(22), Expect::success, first), Result::works);
  EXPECT_EQ(try_tcp(from_peer_v6(22), Expect::silence), Result::silent);
  EXPECT_TRUE(still_talks(first));
}

} // namespace
} // namespace nwgate::packets
