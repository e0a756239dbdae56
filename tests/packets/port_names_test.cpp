// SPDX-License-Identifier: LGPL-2.1-or-later
/// Ports of unusual names: their rules are for them alone, or nwgate says that it cannot.
#include "fixture.h"

#include <fmt/format.h>

namespace nwgate::packets {
namespace {

class PortNames : public KernelTest {
protected:
  /// A rule of either layer, and what it drops.
  void write_filter() {
    engine().write_rules("test", {fence_rule, "<rule action='drop' direction='inout'><mac protocolid='0x88b6'/></rule>",
                                  "<rule action='drop' direction='inout'><udp/></rule>"});
  }

  /// Binds a port of this name, and compares what passes it with what passes another port.
  void expect_rules_of_its_own(const std::string &name, const std::string &other) {
    write_filter();
    network().add_port(name, "namedp");
    network().add_port(other, "otherp");
    const auto outcome = engine().bind(name, "test");
    ASSERT_TRUE(outcome.ok()) << outcome.errors;
    Wire named(network(), "namedp");
    Wire others(network(), "otherp");
    for (const Frame &frame : {Frame(Ether{}), Frame(Ip{})}) {
      // Of a bound peer, "in" is what the workload sends to it.
      EXPECT_FALSE(named.passes(Sender::workload, frame)) << name;
      EXPECT_FALSE(named.passes(Sender::peer, frame)) << name;
      EXPECT_TRUE(others.passes(Sender::workload, frame)) << other << " beside " << name;
      EXPECT_TRUE(others.passes(Sender::peer, frame)) << other << " beside " << name;
    }
    EXPECT_FALSE(engine().rules(name).empty());
    EXPECT_TRUE(engine().command({"diff"}).ok()) << engine().command({"diff"}).output;
    engine().unbind(name);
    EXPECT_TRUE(named.passes(Sender::peer, Ether{}));
    EXPECT_TRUE(named.passes(Sender::peer, Ip{}));
  }
};

TEST_F(PortNames, FifteenCharacters) { expect_rules_of_its_own("abcdefghijklmno", "abcdefghijklmn"); }

TEST_F(PortNames, OneIsTheBeginningOfTheOther) { expect_rules_of_its_own("vnet1", "vnet10"); }

TEST_F(PortNames, WithDotsAndDashes) { expect_rules_of_its_own("a.b-c_d", "a.b-c_d2"); }

TEST_F(PortNames, OfDigits) { expect_rules_of_its_own("12", "123"); }

/// The kernel lets these be names.
TEST_F(PortNames, OfOddCharacters) {
  write_filter();
  for (const std::string name : {"v@1",  "v#1", "v?", "v*", "-v", "--root", "v$x", "v&", "v;", "v(1)",    "v[1]",
                                 "v{1}", "v|",  "v~", "v^", "v=", "v,w",    "v<",  "v>", "v`", "\xc3\xa9"}) {
    network().add_port(name, "oddp");
    const auto outcome = engine().bind(name, "test");
    EXPECT_TRUE(outcome.ok()) << name << ": " << outcome.errors;
    Wire odd(network(), "oddp");
    for (const Frame &frame : {Frame(Ether{}), Frame(Ip{})}) {
      EXPECT_FALSE(odd.passes(Sender::workload, frame)) << name;
      EXPECT_FALSE(odd.passes(Sender::peer, frame)) << name;
      EXPECT_TRUE(in(frame)) << "beside " << name;
    }
    EXPECT_TRUE(engine().command({"diff"}).ok()) << name << engine().command({"diff"}).output;
    engine().unbind(name);
    must_run({"ip", "link", "del", "dev", name});
  }
}

/// To ebtables and iptables, `+` at the end of a name means every name that begins so, and `!` the opposite; the others
/// do not come back from their save files. In none of these forms could anyone look at the rules.
TEST_F(PortNames, OfCharactersWithAMeaningAreRefused) {
  write_filter();
  for (const std::string name : {"v+", "v!", "!v", "v'q", "v\"q", "v\\n"}) {
    network().add_port(name, "oddp");
    const auto outcome = engine().bind(name, "test");
    EXPECT_EQ(outcome.status, 3) << name;
    EXPECT_NE(outcome.errors.find("NWG218"), std::string::npos) << outcome.errors;
    EXPECT_NE(outcome.errors.find(name), std::string::npos) << outcome.errors;
    EXPECT_TRUE(in(Ether{})) << "v0 begins like " << name;
    EXPECT_TRUE(in(Ip{}));
    must_run({"ip", "link", "del", "dev", name});
  }
}

} // namespace
} // namespace nwgate::packets
