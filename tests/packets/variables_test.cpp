// SPDX-License-Identifier: LGPL-2.1-or-later
/// Lists of values: a packet for each element, and for what is beside.
#include "fixture.h"

namespace nwgate::packets {
namespace {

class Variables : public KernelTest {
protected:
  /// Of these senders, those whose packets to these ports pass, as "SENDER:PORT".
  std::vector<std::string> passing(const std::vector<std::string> &senders, const std::vector<std::uint16_t> &ports) {
    std::vector<Frame> frames;
    std::vector<std::string> names;
    for (const auto &sender : senders)
      for (const auto port : ports) {
        frames.emplace_back(Ip{.src = sender, .dport = port});
        names.push_back(sender + ":" + std::to_string(port));
      }
    const auto arrived = wire().send(Sender::workload, frames);
    std::vector<std::string> result;
    for (std::size_t at = 0; at < names.size(); ++at)
      if (arrived[at])
        result.push_back(names[at]);
    return result;
  }
  static std::string accept(const std::string &element) {
    return "<rule action='accept' direction='out'>" + element + "</rule>";
  }
};

using Texts = std::vector<std::string>;
const std::vector<std::string> senders = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"};
const std::vector<std::uint16_t> ports = {80, 90, 100};
const Parameters lists = {{"A", "10.0.0.1"}, {"A", "10.0.0.2"}, {"A", "10.0.0.3"},
                          {"B", "80"},       {"B", "90"},       {"B", "80"}};

TEST_F(Variables, OnOneIteratorGoInParallel) {
  engine().bind_rules({accept("<udp srcipaddr='$A' dstportstart='$B'/>"), drop_all}, lists);
  EXPECT_EQ(passing(senders, ports), (Texts{"10.0.0.1:80", "10.0.0.2:90", "10.0.0.3:80"}));
}

TEST_F(Variables, OnTwoIteratorsAreCombined) {
  engine().bind_rules({accept("<udp srcipaddr='$A[@1]' dstportstart='$B[@2]'/>"), drop_all}, lists);
  EXPECT_EQ(passing(senders, ports),
            (Texts{"10.0.0.1:80", "10.0.0.1:90", "10.0.0.2:80", "10.0.0.2:90", "10.0.0.3:80", "10.0.0.3:90"}));
  std::size_t rules = 0;
  for (const auto &rule : engine().rules("v0"))
    rules += rule.chain != "HI-v0" && rule.is_in_root(true, Direction::out) && rule.is_from("test", 3) ? 1 : 0;
  EXPECT_EQ(rules, engine().layout() == "xtables" ? 6U : 1U) << "80 is there once; or two sets";
}

TEST_F(Variables, OneListTwice) {
  engine().bind_rules({accept("<udp srcipaddr='$A[@1]' dstipaddr='$A[@2]'/>"), drop_all}, lists);
  for (const auto *from : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"})
    for (const auto *to : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"})
      EXPECT_EQ(out(Ip{.src = from, .dst = to}), from[7] != '4' && to[7] != '4') << from << " to " << to;
}

TEST_F(Variables, OneElementOfAList) {
  engine().bind_rules({accept("<udp srcipaddr='$A[1]' dstportstart='$B'/>"), drop_all}, lists);
  EXPECT_EQ(passing(senders, ports), (Texts{"10.0.0.2:80", "10.0.0.2:90"}));
}

TEST_F(Variables, InTheEthernetLayer) {
  engine().bind_rules({accept("<ip srcipaddr='$A' protocol='udp' dstportstart='$B'/>"),
                       accept("<arp opcode='$OP' arpsrcipaddr='$A[0]'/>"), accept("<mac protocolid='$TYPE'/>"),
                       drop_every_frame},
                      {{"A", "10.0.0.1"},
                       {"A", "10.0.0.2"},
                       {"B", "80"},
                       {"B", "90"},
                       {"OP", "Reply"},
                       {"OP", "7"},
                       {"TYPE", "0x88b6"}});
  EXPECT_EQ(passing(senders, ports), (Texts{"10.0.0.1:80", "10.0.0.2:90"}));
  EXPECT_TRUE(out(Arp{.opcode = 2}));
  EXPECT_TRUE(out(Arp{.opcode = 7}));
  EXPECT_FALSE(out(Arp{.opcode = 1}));
  EXPECT_FALSE(out(Arp{.opcode = 2, .sender_ip = "10.0.0.2"}));
  EXPECT_TRUE(out(Ether{}));
  EXPECT_FALSE(out(Ether{.type = 0x88b7}));
}

TEST_F(Variables, AsMasksAndRanges) {
  engine().bind_rules(
      {accept("<udp srcipaddr='$NET' srcipmask='$MASK' dstportstart='$LOW' dstportend='$HIGH'/>"), drop_all},
      {{"NET", "10.1.0.0"},
       {"NET", "10.2.0.0"},
       {"MASK", "16"},
       {"MASK", "24"},
       {"LOW", "80"},
       {"LOW", "90"},
       {"HIGH", "85"},
       {"HIGH", "95"}});
  EXPECT_EQ(passing({"10.1.255.1", "10.2.0.1", "10.2.1.1"}, {79, 80, 85, 86, 90, 95}),
            (Texts{"10.1.255.1:80", "10.1.255.1:85", "10.2.0.1:90", "10.2.0.1:95"}));
}

TEST_F(Variables, NegatedListsRejectEachOther) {
  engine().bind_rules({"<rule action='drop' direction='out'><udp match='no' srcipaddr='$A'/></rule>"},
                      {{"A", "10.0.0.1"}, {"A", "10.0.0.2"}});
  EXPECT_EQ(passing(senders, {80}), Texts{});
  engine().bind_rules({"<rule action='drop' direction='out'><udp match='no' srcipaddr='$A'/></rule>"},
                      {{"A", "10.0.0.1"}});
  EXPECT_EQ(passing(senders, {80}), Texts{"10.0.0.1:80"});
}

TEST_F(Variables, TheOuterOneWins) {
  engine().write_filter("inner", "<filter name='inner' chain='root'><rule action='drop' direction='out'>"
                                 "<udp dstportstart='$P'/></rule></filter>");
  engine().bind_rules(
      {"<filterref filter='inner'><parameter name='P' value='80'/><parameter name='P' value='90'/></filterref>"});
  EXPECT_EQ(passing({"10.0.0.1"}, ports), Texts{"10.0.0.1:100"});
  engine().bind_rules(
      {"<filterref filter='inner'><parameter name='P' value='80'/><parameter name='P' value='90'/></filterref>"},
      {{"P", "100"}});
  EXPECT_EQ(passing({"10.0.0.1"}, ports), (Texts{"10.0.0.1:80", "10.0.0.1:90"}));
}

TEST_F(Variables, MacIsTheBindings) {
  engine().bind_rules({"<rule action='accept' direction='out'><mac srcmacaddr='$MAC'/></rule>", drop_every_frame});
  EXPECT_TRUE(out(Ether{.src_mac = bound_mac}));
  EXPECT_FALSE(out(Ether{.src_mac = "52:54:00:00:00:0c"}));
}

TEST_F(Variables, ARefusedBindingKeepsTheRulesItHad) {
  engine().bind_rules({accept("<udp srcipaddr='$A'/>"), drop_all}, {{"A", "10.0.0.1"}});
  for (const Parameters &wrong : {Parameters{}, Parameters{{"A", "10.0.0.300"}}, Parameters{{"A", "fd00::1"}}})
    EXPECT_EQ(engine().bind("v0", "test", wrong).status, 3);
  EXPECT_EQ(passing(senders, {80}), Texts{"10.0.0.1:80"});
}

} // namespace
} // namespace nwgate::packets
