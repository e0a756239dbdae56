// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the codec of family bridge neither writes nor reads. Needs no kernel.
#include "drivers/xtables/bridge/bridge_codec.h"
#include "drivers/xtables/bridge/policy.h"
#include "drivers/xtables/expressions.h"
#include "tests/kernel/xtables_bridge/nat_table.h"

#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge/ebt_ip.h>
#include <linux/netfilter_bridge/ebt_ip6.h>

namespace nwgate::xtables::test {
namespace {

using ByteVector = std::vector<std::uint8_t>;

const Match ip_tos = EbIp{.tos = Term<std::uint8_t>{8}};
const Match ipv4_type = EtherType{{0x0800}};

NftRule encoded(const Rule &rule) {
  NftRule out(nftnl_rule_alloc());
  EXPECT_EQ(encode_bridge(rule, *out), std::nullopt);
  return out;
}

bool is_refused(const Rule &rule) {
  const NftRule out(nftnl_rule_alloc());
  return encode_bridge(rule, *out).has_value();
}
bool is_refused(Match match) { return is_refused(Rule{{std::move(match)}, Continue{}}); }

/// What decode_bridge() makes of the expressions that `write` appends.
std::optional<Rule> decoded(const std::function<void(ExpressionWriter &)> &write) {
  const NftRule rule(nftnl_rule_alloc());
  ExpressionWriter writer(*rule);
  write(writer);
  return decode_bridge(*rule);
}

TEST(XtablesBridgeRefusal, Interfaces) {
  for (const char *name : {"", "+", "++", ".", "..", "a/b", "a:b", "a b", "v+0", "v++", "!v", "a\"b", "a\\b",
                           "sixteen-chars-00", "sixteen-chars-0+"})
    EXPECT_TRUE(is_refused(Interface{Side::source, {name}})) << name;
  EXPECT_TRUE(is_refused(Interface{Side::source, {std::string("a\0b", 3)}}));
  for (const char *name : {"a", "+a", "fifteen-chars-0"})
    EXPECT_EQ(is_refused(Interface{Side::source, {name}}), *name == '+') << name;
}

TEST(XtablesBridgeRefusal, Matches) {
  EXPECT_TRUE(is_refused(EtherAddress{Side::source, {{{}, {}}}}));
  EXPECT_TRUE(is_refused(EtherType{{0x5ff}}));
  EXPECT_FALSE(is_refused(EtherType{{0x600}}));
  EXPECT_TRUE(is_refused(EbIp{}));
  EXPECT_TRUE(is_refused(EbIp6{}));
  EXPECT_TRUE(is_refused(EbArp{}));
  EXPECT_TRUE(is_refused(EbVlan{}));
  EXPECT_TRUE(is_refused(EbStp{}));
  EXPECT_TRUE(is_refused(EbVlan{.id = Term<std::uint16_t>{5}, .priority = Term<std::uint8_t>{3}}));
  EXPECT_FALSE(is_refused(EbVlan{.id = Term<std::uint16_t>{0}, .priority = Term<std::uint8_t>{3}}));
  EXPECT_TRUE(is_refused(EbIp6{.destination_port = Term<Range<std::uint16_t>>{}, .icmp_type = Term<Icmp6Range>{}}));
  EXPECT_TRUE(is_refused(Protocol{{6}}));
  EXPECT_TRUE(is_refused(Comment{"text"}));
}

TEST(XtablesBridgeRefusal, Targets) {
  EXPECT_TRUE(is_refused(Rule{{}, Reject{}}));
  EXPECT_TRUE(is_refused(Rule{{}, Jump{"chain", true}}));
  for (const char *chain : {"", "ACCEPT", "DROP", "RETURN", "CONTINUE", "a-name-of-32-characters-00000000"})
    EXPECT_TRUE(is_refused(Rule{{}, Jump{chain}})) << chain;
  EXPECT_FALSE(is_refused(Rule{{}, Jump{"a-name-of-31-characters-0000000"}}));
}

TEST(XtablesBridgeRefusal, Repetitions) {
  const Match in = Interface{Side::source, {"v0"}}, out = Interface{Side::destination, {"v0"}};
  EXPECT_FALSE(is_refused({{in, out}, Continue{}}));
  EXPECT_TRUE(is_refused({{in, out, in}, Continue{}}));
  EXPECT_TRUE(is_refused({{ipv4_type, ipv4_type}, Continue{}}));
  EXPECT_TRUE(is_refused({{ip_tos, ip_tos}, Continue{}}));
}

TEST(XtablesBridgeRefusal, OrderOfMatchesDoesNotMatter) {
  const Match in = Interface{Side::source, {"v0"}};
  const Match destination = EtherAddress{Side::destination, {{MacAddress::all_ones()}}};
  const Rule listed{{ipv4_type, destination, in, ip_tos}, Verdict::drop};
  const Rule mixed{{ip_tos, in, ipv4_type, destination}, Verdict::drop};
  EXPECT_EQ(expression_bytes(*encoded(mixed)), expression_bytes(*encoded(listed)));
  EXPECT_EQ(bridge_save_text(mixed), "-p IPv4 -d Broadcast -i v0 --ip-tos 0x08 -j DROP");
  EXPECT_TRUE(decode_bridge(*encoded(mixed)) == listed);
}

TEST(XtablesBridgeRefusal, AddressBitsOutsideTheMaskAreLeftOut) {
  const auto mask = MacAddress::parse("ff:ff:ff:00:00:00").value();
  const MaskedMac loose{MacAddress::parse("02:00:00:00:00:01").value(), mask};
  const MaskedMac tight{MacAddress::parse("02:00:00:00:00:00").value(), mask};
  const Rule rule{{EtherAddress{Side::source, {loose}}, EbArp{.source_mac = Term<MaskedMac>{loose}}}, {}};
  const Rule clean{{EtherAddress{Side::source, {tight}}, EbArp{.source_mac = Term<MaskedMac>{tight}}}, {}};
  EXPECT_EQ(bridge_save_text(rule), bridge_save_text(clean));
  EXPECT_TRUE(decode_bridge(*encoded(rule)) == clean);
}

/// An ip match with its info changed by `change`.
std::optional<Rule> decoded_ip(const std::function<void(ebt_ip_info &)> &change) {
  return decoded([&](ExpressionWriter &writer) {
    ebt_ip_info info{};
    info.tos = 8;
    info.bitmask = EBT_IP_TOS;
    change(info);
    writer.match("ip", 0, {reinterpret_cast<const std::uint8_t *>(&info), sizeof info});
    writer.counter();
  });
}

TEST(XtablesBridgeRefusal, InfosAreReadExactly) {
  EXPECT_TRUE(decoded_ip([](ebt_ip_info &) {}) == (Rule{{ip_tos}, Continue{}}));
  EXPECT_FALSE(decoded_ip([](ebt_ip_info &info) { info.protocol = 6; })) << "a field that is not compared";
  EXPECT_FALSE(decoded_ip([](ebt_ip_info &info) { info.bitmask |= EBT_IP_ICMP; })) << "an unknown field";
  EXPECT_FALSE(decoded_ip([](ebt_ip_info &info) { info.invflags = EBT_IP_PROTO; })) << "a negation of nothing";
  EXPECT_FALSE(decoded_ip([](ebt_ip_info &info) { info.bitmask = info.tos = 0; })) << "nothing compared";
  EXPECT_FALSE(decoded_ip([](ebt_ip_info &info) {
    info.bitmask |= EBT_IP_SOURCE;
    info.saddr = 1;
  })) << "an address outside its mask";
}

TEST(XtablesBridgeRefusal, PortsAndIcmp6TypesShareTheirPlace) {
  for (const unsigned compared : std::initializer_list<unsigned>{
           EBT_IP6_SPORT, EBT_IP6_DPORT, EBT_IP6_ICMP6, EBT_IP6_SPORT | EBT_IP6_ICMP6, EBT_IP6_DPORT | EBT_IP6_ICMP6})
    EXPECT_EQ(decoded([&](ExpressionWriter &writer) {
                ebt_ip6_info info{};
                info.bitmask = static_cast<std::uint8_t>(compared);
                writer.match("ip6", 0, {reinterpret_cast<const std::uint8_t *>(&info), sizeof info});
                writer.counter();
              }).has_value(),
              compared == EBT_IP6_SPORT || compared == EBT_IP6_DPORT || compared == EBT_IP6_ICMP6)
        << compared;
}

TEST(XtablesBridgeRefusal, InfosOfOtherSizes) {
  for (const char *name : {"ip", "ip6", "arp", "vlan", "stp", "mark_m"})
    for (std::size_t size = 0; size < 128; ++size)
      EXPECT_FALSE(decoded([&](ExpressionWriter &writer) {
        writer.match(name, 0, ByteVector(size));
        writer.counter();
      })) << name
          << size;
  ByteVector info(sizeof(ebt_ip_info) + 1);
  info[16] = 8;          // tos
  info[18] = EBT_IP_TOS; // bitmask
  const auto is_read = [&](std::uint32_t revision) {
    return decoded([&](ExpressionWriter &writer) {
             writer.match("ip", revision, info);
             writer.counter();
           })
        .has_value();
  };
  EXPECT_TRUE(is_read(0));
  EXPECT_FALSE(is_read(1));
  info.back() = 1;
  EXPECT_FALSE(is_read(0)) << "padding that is not zero";
  info.back() = 0;
  info.resize(40);
  EXPECT_FALSE(is_read(0)) << "more than the struct";
  info.resize(24);
  EXPECT_FALSE(is_read(0)) << "less than the struct";
}

TEST(XtablesBridgeRefusal, ComparisonsThatEbtablesDoesNotMake) {
  const auto reads_as_interface = [](const std::string &data) {
    return decoded([&](ExpressionWriter &writer) {
      writer.meta(NFT_META_IIFNAME);
      writer.compare(ByteVector(data.begin(), data.end()), false);
      writer.counter();
    });
  };
  EXPECT_TRUE(reads_as_interface("v"));
  EXPECT_TRUE(reads_as_interface(std::string("v\0", 2)));
  for (const auto &data : {std::string(), std::string("\0", 1), std::string("v+"), std::string("v+\0", 3),
                           std::string("v\0\0", 3), std::string("a\0b", 3), std::string("fifteen-chars-0"),
                           std::string("sixteen-chars-00"), std::string("INVAL/D\0", 8)})
    EXPECT_FALSE(reads_as_interface(data)) << data;

  struct Load {
    std::uint32_t base, offset, length;
    ByteVector mask, data;
    bool is_read;
  };
  const ByteVector mac(6, 2), whole_bytes{255, 255, 255, 0, 0, 0}, holes{255, 0, 255, 0, 0, 0};
  const ByteVector in_holes{2, 0, 2, 0, 0, 0};
  for (const Load &load : {
           Load{NFT_PAYLOAD_LL_HEADER, 0, 6, {}, mac, true},
           Load{NFT_PAYLOAD_LL_HEADER, 6, 6, holes, in_holes, true},
           Load{NFT_PAYLOAD_LL_HEADER, 6, 6, holes, mac, false},
           Load{NFT_PAYLOAD_LL_HEADER, 6, 6, whole_bytes, {2, 2, 2, 0, 0, 0}, false},
           Load{NFT_PAYLOAD_LL_HEADER, 6, 3, {255, 0, 255}, {2, 0, 2}, false},
           Load{NFT_PAYLOAD_LL_HEADER, 6, 6, {255, 0, 255}, in_holes, false},
           Load{NFT_PAYLOAD_LL_HEADER, 6, 6, {}, {2, 2, 2}, false},
           Load{NFT_PAYLOAD_LL_HEADER, 6, 7, {}, ByteVector(7), false},
           Load{NFT_PAYLOAD_LL_HEADER, 5, 6, {}, mac, false},
           Load{NFT_PAYLOAD_NETWORK_HEADER, 0, 6, {}, mac, false},
           Load{NFT_PAYLOAD_LL_HEADER, 12, 2, {}, {8, 0}, true},
           Load{NFT_PAYLOAD_LL_HEADER, 12, 2, {}, {5, 0}, false},
           Load{NFT_PAYLOAD_LL_HEADER, 12, 2, {}, {8}, false},
           Load{NFT_PAYLOAD_LL_HEADER, 12, 2, {255, 0}, {8, 0}, false},
           Load{NFT_PAYLOAD_LL_HEADER, 12, 4, {}, {8, 0, 0, 0}, false},
       })
    EXPECT_EQ(decoded([&](ExpressionWriter &writer) {
                writer.payload(load.base, load.offset, load.length);
                if (!load.mask.empty())
                  writer.bitwise_and(load.mask);
                writer.compare(load.data, false);
                writer.counter();
              }).has_value(),
              load.is_read)
        << load.base << ' ' << load.offset << ' ' << load.length << ' ' << load.data.size();
}

TEST(XtablesBridgeRefusal, RulesOfAnotherShape) {
  const auto type = [](ExpressionWriter &writer) {
    writer.payload(NFT_PAYLOAD_LL_HEADER, 12, 2);
    writer.compare(ByteVector{8, 0}, false);
  };
  const auto in = [](ExpressionWriter &writer) {
    writer.meta(NFT_META_IIFNAME);
    writer.compare(ByteVector{'v', 0}, false);
  };
  const auto counter = [](ExpressionWriter &writer) { writer.counter(); };
  const auto drop = [](ExpressionWriter &writer) { writer.verdict(NF_DROP); };
  const auto mark = [](ExpressionWriter &writer) { writer.meta(NFT_META_MARK); };
  const auto reads = [](const std::vector<std::function<void(ExpressionWriter &)>> &parts) {
    return decoded([&](ExpressionWriter &writer) {
             for (const auto &part : parts)
               part(writer);
           })
        .has_value();
  };
  EXPECT_TRUE(reads({in, type, counter, drop}));
  EXPECT_FALSE(reads({}));
  EXPECT_FALSE(reads({drop}));
  EXPECT_FALSE(reads({in, type, drop}));
  EXPECT_FALSE(reads({type, in, counter, drop}));
  EXPECT_FALSE(reads({in, in, counter, drop}));
  EXPECT_FALSE(reads({counter, in, drop}));
  EXPECT_FALSE(reads({counter, counter, drop}));
  EXPECT_FALSE(reads({counter, drop, counter}));
  EXPECT_FALSE(reads({mark, counter, drop}));
  const auto jumps = [&](std::int32_t verdict, const char *chain) {
    return reads({counter, [&](ExpressionWriter &writer) { writer.verdict(verdict, chain); }});
  };
  EXPECT_TRUE(jumps(NFT_JUMP, "chain"));
  EXPECT_FALSE(jumps(NFT_GOTO, "chain"));
  EXPECT_FALSE(jumps(NFT_JUMP, "ACCEPT"));
  EXPECT_FALSE(jumps(NFT_CONTINUE, ""));
}

TEST(XtablesBridgeRefusal, Policies) {
  const NftRule none(nftnl_rule_alloc());
  EXPECT_TRUE(encode_policy(Verdict::return_to_caller, *none).has_value());
  struct Record {
    ByteVector data;
    bool is_policy;
  };
  for (const auto &[data, expected] : {
           Record{{1, 4, 1, 0, 0, 0}, true},
           Record{{77, 1, 9, 1, 4, 1, 0, 0, 0, 78, 0}, true},
           Record{{1}, false},
           Record{{1, 4, 1, 0, 0}, false},
           Record{{1, 4, 2, 0, 0, 0}, false},
           Record{{2, 4, 1, 0, 0, 0}, false},
           Record{{77, 9, 1, 4, 1, 0, 0, 0}, false},
       }) {
    const auto rule = encoded({{}, Verdict::drop});
    nftnl_rule_set_data(rule.get(), NFTNL_RULE_USERDATA, data.data(), static_cast<std::uint32_t>(data.size()));
    EXPECT_EQ(is_policy(*rule).has_value(), expected) << data.size();
    EXPECT_EQ(decode_bridge(*rule).has_value(), !expected) << "other user data does not matter";
  }
  for (const Target &target : {Target{Continue{}}, Target{Verdict::return_to_caller}, Target{Jump{"chain"}}}) {
    const auto rule = encoded({{}, target});
    nftnl_rule_set_data(rule.get(), NFTNL_RULE_USERDATA, ByteVector{1, 4, 1, 0, 0, 0}.data(), 6);
    EXPECT_FALSE(is_policy(*rule)) << "no policy that ebtables knows";
  }
}

} // namespace
} // namespace nwgate::xtables::test
