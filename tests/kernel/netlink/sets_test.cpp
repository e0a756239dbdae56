// SPDX-License-Identifier: LGPL-2.1-or-later
/// Named sets and maps, and their elements: written, read back, asked for, taken away.
#include "tests/kernel/netlink/support.h"

#include "drivers/netlink/sets.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <map>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace nwgate::netlink::testing {
namespace {

using Record = std::vector<std::uint8_t>;
using Records = std::vector<Record>;

/// nft(8)'s numbers of types.
constexpr std::uint32_t type_ipv4 = 7;
constexpr std::uint32_t type_mark = 19;
constexpr std::uint32_t type_port_number = 13;

Record bytes_of(std::uint32_t number) {
  Record bytes(sizeof number);
  const auto big_endian = htonl(number);
  std::memcpy(bytes.data(), &big_endian, sizeof big_endian);
  return bytes;
}

Record joined(std::initializer_list<Record> parts) {
  Record all;
  for (const auto &part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// The records of a listing, in order.
std::vector<Record> sorted(const Elements &elements, std::size_t size) {
  std::vector<Record> records;
  EXPECT_EQ(elements.size() % size, 0U);
  for (std::size_t at = 0; at + size <= elements.size(); at += size)
    records.emplace_back(elements.begin() + static_cast<std::ptrdiff_t>(at),
                         elements.begin() + static_cast<std::ptrdiff_t>(at + size));
  std::ranges::sort(records);
  return records;
}

class SetsTest : public KernelTest {
protected:
  const SetName name_{Family::ip, "filter", "s"};
  const SetSpec plain_{4, type_ipv4, {}, 0, 0, false, false};
  /// A number, and an address that is an interval.
  const SetSpec intervals_{8, type_mark << 6U | type_ipv4, {4, 4}, 0, 0, false, false};
  const SetSpec plain_intervals_{4, type_ipv4, {4}, 0, 0, false, false};
  const SetSpec map_{4, type_ipv4, {}, 4, type_mark, false, false};
  const SetSpec verdicts_{4, type_ipv4, {}, 0, 0, true, false};

  /// A set of these elements, which are added one record after the other.
  void make_set(const SetSpec &spec, const std::vector<Record> &records, Bytes user_data = {}) {
    Transaction transaction;
    transaction.add_table(table_, 0);
    transaction.add_set(name_, spec, 0, user_data);
    Elements elements;
    for (const auto &record : records)
      elements.insert(elements.end(), record.begin(), record.end());
    if (!elements.empty())
      transaction.add_elements(name_, spec, elements, 0);
    must_commit(transaction);
  }
  SetInfo info() {
    auto found = sets(socket(), table_);
    EXPECT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->size(), 1U);
    return found->empty() ? SetInfo() : found->front();
  }
  std::vector<Record> listed() {
    const auto set = info();
    auto listing = elements(socket(), set, false);
    EXPECT_TRUE(listing) << listing.error().message();
    EXPECT_EQ(listing->strange, 0U);
    return sorted(listing->elements, set.spec.element_size());
  }
  /// What became of a batch that must be refused: the first refusal.
  Refusal refusal_of(Transaction &transaction) {
    auto done = transaction.commit(socket());
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->outcome, Commit::Outcome::refused);
    return done->refusals.empty() ? Refusal() : done->refusals.front();
  }
};

TEST_F(SetsTest, a_set_is_read_back_as_it_was_written) {
  const std::array<std::uint8_t, 3> data{7, 1, 42};
  make_set(plain_, {bytes_of(2), bytes_of(1)}, data);
  const auto set = info();
  EXPECT_EQ(set.name, name_);
  EXPECT_EQ(set.spec, plain_);
  EXPECT_NE(set.handle, 0U);
  EXPECT_EQ(set.user_data, Record(data.begin(), data.end()));
  EXPECT_EQ(listed(), (Records{bytes_of(1), bytes_of(2)}));
}

TEST_F(SetsTest, every_kind_keeps_its_description) {
  for (const auto &spec :
       {intervals_, plain_intervals_, map_, verdicts_, SetSpec{4, type_ipv4, {}, 0, 0, false, true},
        SetSpec{20, type_mark << 6U | type_ipv4, {}, 0, 0, false, false},
        SetSpec{24, (type_mark << 6U | type_ipv4) << 6U | type_port_number, {16, 4, 2}, 0, 0, false, false}}) {
    make_set(spec, {});
    EXPECT_EQ(info().spec, spec) << "a key of " << spec.key_length;
    Transaction transaction;
    transaction.delete_set(name_, 0);
    must_commit(transaction);
  }
}

TEST_F(SetsTest, sets_are_those_of_their_own_table) {
  make_set(plain_, {});
  Transaction transaction;
  transaction.add_table({Family::ip, "mine"}, 0);
  transaction.add_set({Family::ip, "mine", "s"}, map_, 0);
  transaction.add_set({Family::ip, "mine", "t"}, map_, 0);
  transaction.add_table({Family::ip6, "filter"}, 0);
  transaction.add_set({Family::ip6, "filter", "u"}, map_, 0);
  must_commit(transaction);
  EXPECT_EQ(info().spec, plain_);
  EXPECT_EQ(sets(socket(), {Family::ip, "mine"})->size(), 2U);
  EXPECT_EQ(sets(socket(), {Family::ip, "nowhere"})->size(), 0U);
}

TEST_F(SetsTest, intervals_have_both_ends) {
  const auto first = joined({bytes_of(1), bytes_of(10), bytes_of(1), bytes_of(19)});
  const auto one = joined({bytes_of(1), bytes_of(30), bytes_of(1), bytes_of(30)});
  const auto other = joined({bytes_of(2), bytes_of(10), bytes_of(2), bytes_of(19)});
  make_set(intervals_, {other, first, one});
  EXPECT_EQ(listed(), (Records{first, one, other}));
  Transaction transaction;
  transaction.delete_elements(name_, intervals_, first, 0);
  must_commit(transaction);
  EXPECT_EQ(listed(), (Records{one, other}));
}

TEST_F(SetsTest, plain_intervals_have_both_ends) {
  const auto interval = [](std::uint32_t first, std::uint32_t last) {
    return joined({bytes_of(first), bytes_of(last)});
  };
  constexpr std::uint32_t end = 0xffffffff;
  const Records some{interval(0, 4), interval(5, 5), interval(10, 19), interval(20, 29), interval(0xfffffff0, end)};
  make_set(plain_intervals_, some);
  EXPECT_EQ(info().spec, plain_intervals_);
  EXPECT_EQ(listed(), some);
  Transaction transaction;
  transaction.delete_elements(name_, plain_intervals_, interval(10, 19), 0);
  transaction.delete_elements(name_, plain_intervals_, interval(0xfffffff0, end), 0);
  transaction.add_elements(name_, plain_intervals_, interval(12, 14), 0);
  must_commit(transaction);
  EXPECT_EQ(listed(), (Records{interval(0, 4), interval(5, 5), interval(12, 14), interval(20, 29)}));
}

TEST_F(SetsTest, many_plain_intervals) {
  Records many;
  for (std::uint32_t i = 0; i < 5000; ++i)
    many.push_back(joined({bytes_of(i * 10), bytes_of(i * 10 + 7)}));
  make_set(plain_intervals_, many);
  EXPECT_EQ(listed(), many);
}

// Overlapping intervals of one set are never written: Linux 6.18 refuses them, 6.1 leaves the later one out without a
// word.
TEST_F(SetsTest, an_interval_gives_way_to_one_that_overlaps_it_in_one_transaction) {
  auto old = joined({bytes_of(1), bytes_of(10), bytes_of(1), bytes_of(19)});
  make_set(intervals_, {old});
  for (const auto &[from, to] : {std::pair(15U, 25U), std::pair(20U, 40U), std::pair(20U, 22U), std::pair(5U, 50U)}) {
    const auto other = joined({bytes_of(1), bytes_of(from), bytes_of(1), bytes_of(to)});
    Transaction change;
    change.delete_elements(name_, intervals_, old, 0);
    change.add_elements(name_, intervals_, other, 0);
    must_commit(change);
    EXPECT_EQ(listed(), (Records{other})) << from << "-" << to;
    old = other;
  }
}

TEST_F(SetsTest, a_map_has_data) {
  const auto one = joined({bytes_of(1), bytes_of(0x1000)});
  const auto two = joined({bytes_of(2), bytes_of(0x2000)});
  make_set(map_, {one, two});
  EXPECT_EQ(listed(), (Records{one, two}));

  Transaction other;
  other.add_elements(name_, map_, joined({bytes_of(1), bytes_of(0x3000)}), 9);
  const auto refusal = refusal_of(other);
  EXPECT_EQ(refusal.code, EEXIST);
  EXPECT_EQ(refusal.tag, 9U);

  // The old one goes and the new one comes in one transaction; when deleting, the data is not looked at.
  Transaction change;
  change.delete_elements(name_, map_, joined({bytes_of(1), bytes_of(0)}), 0);
  change.add_elements(name_, map_, joined({bytes_of(1), bytes_of(0x3000)}), 0);
  must_commit(change);
  EXPECT_EQ(listed(), (Records{joined({bytes_of(1), bytes_of(0x3000)}), two}));
}

TEST_F(SetsTest, a_map_of_verdicts_leads_to_chains) {
  make_set(verdicts_, {});
  const VerdictElement go{bytes_of(1), "c", true};
  const VerdictElement come_back{bytes_of(2), "c", false};
  Transaction transaction;
  transaction.add_chain(chain_, 0);
  transaction.add_element(name_, go, 0);
  transaction.add_element(name_, come_back, 0);
  must_commit(transaction);
  auto listing = elements(socket(), info(), false);
  ASSERT_TRUE(listing);
  std::ranges::sort(listing->verdicts);
  EXPECT_EQ(listing->verdicts, (std::vector<VerdictElement>{go, come_back}));
  EXPECT_TRUE(listing->elements.empty());

  Transaction too_early;
  too_early.delete_chain(chain_, 3);
  EXPECT_EQ(refusal_of(too_early).code, EBUSY) << "elements lead there";
  Transaction in_order;
  in_order.delete_element(name_, go, 0);
  in_order.delete_element(name_, come_back, 0);
  in_order.delete_chain(chain_, 0);
  must_commit(in_order);

  Transaction nowhere;
  nowhere.add_element(name_, go, 4);
  const auto refusal = refusal_of(nowhere);
  EXPECT_EQ(refusal.code, ENOENT);
  EXPECT_EQ(refusal.tag, 4U);
}

TEST_F(SetsTest, an_element_that_this_cannot_hold_is_counted_as_strange) {
  shell("nft 'table ip filter { map s { type ipv4_addr : verdict; elements = { 10.0.0.1 : drop } ; } ; }'");
  const auto listing = elements(socket(), info(), false);
  ASSERT_TRUE(listing);
  EXPECT_TRUE(listing->verdicts.empty());
  EXPECT_EQ(listing->strange, 1U);
}

TEST_F(SetsTest, one_element_is_asked_for_by_its_key) {
  make_set(map_, {joined({bytes_of(1), bytes_of(0x1000)}), joined({bytes_of(2), bytes_of(0x2000)})});
  const auto set = info();
  const auto found = element(socket(), set, bytes_of(2));
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_TRUE(*found);
  EXPECT_EQ(**found, joined({bytes_of(2), bytes_of(0x2000)}));
  EXPECT_FALSE(element(socket(), set, bytes_of(3)).value());
  EXPECT_EQ(listed().size(), 2U) << "another request can follow";
}

TEST_F(SetsTest, what_is_not_there_is_empty_and_no_error) {
  Transaction transaction;
  transaction.add_table(table_, 0);
  must_commit(transaction);
  EXPECT_TRUE(sets(socket(), table_)->empty());
  const SetInfo nothing{name_, plain_, 0, {}, {}};
  EXPECT_TRUE(elements(socket(), nothing, false)->elements.empty());
  EXPECT_FALSE(element(socket(), nothing, bytes_of(1)).value());
}

TEST_F(SetsTest, elements_that_are_there_already_are_passed_over) {
  make_set(plain_, {bytes_of(1)});
  Transaction transaction;
  transaction.add_elements(name_, plain_, joined({bytes_of(1), bytes_of(2)}), 0);
  must_commit(transaction);
  EXPECT_EQ(listed(), (Records{bytes_of(1), bytes_of(2)}));
}

TEST_F(SetsTest, taking_away_what_is_not_there_is_refused_with_its_tag) {
  make_set(plain_, {bytes_of(1)});
  Transaction transaction;
  transaction.add_elements(name_, plain_, bytes_of(2), 1);
  transaction.delete_elements(name_, plain_, joined({bytes_of(1), bytes_of(7)}), 2);
  const auto refusal = refusal_of(transaction);
  EXPECT_EQ(refusal.tag, 2U);
  EXPECT_EQ(refusal.code, ENOENT);
  EXPECT_EQ(listed(), Records{bytes_of(1)}) << "nothing of the batch remains";

  Transaction interval;
  interval.delete_set(name_, 0);
  interval.add_set(name_, intervals_, 0);
  interval.delete_elements(name_, intervals_, joined({bytes_of(1), bytes_of(1), bytes_of(1), bytes_of(2)}), 5);
  EXPECT_EQ(refusal_of(interval).tag, 5U);
}

TEST_F(SetsTest, a_set_that_exists_is_not_made_into_another) {
  make_set(plain_, {});
  Transaction same;
  same.add_set(name_, plain_, 0);
  must_commit(same);
  Transaction other;
  other.add_set(name_, map_, 8);
  EXPECT_EQ(refusal_of(other).tag, 8U);
}

TEST_F(SetsTest, a_set_that_a_rule_refers_to_stays) {
  make_set(plain_, {bytes_of(1)});
  ExpressionList rule;
  rule.payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, {0});
  rule.lookup("s", {0});
  Transaction use;
  use.add_chain(chain_, 0);
  use.add_rule(chain_, {rule.bytes(), {}, 0}, Position::append(), 0);
  must_commit(use);
  Transaction remove;
  remove.delete_set(name_, 2);
  EXPECT_EQ(refusal_of(remove).code, EBUSY);
  Transaction both;
  both.flush_chain(chain_, 0);
  both.delete_set(name_, 0);
  must_commit(both);
  EXPECT_TRUE(sets(socket(), table_)->empty());
}

/// Each element counts what finds it.
TEST_F(SetsTest, counters) {
  auto spec = plain_;
  spec.counters = true;
  make_set(spec, {bytes_of(0x7f000001), bytes_of(0x7f000002), bytes_of(0x7f000003)});
  const ChainName output{Family::ip, "filter", "OUTPUT"};
  ExpressionList rule;
  rule.payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4, {0});
  rule.lookup("s", {0});
  rule.counter();
  Transaction use;
  use.add_base_chain(output, {"filter", NF_INET_LOCAL_OUT, 0, Policy::accept}, 0);
  use.add_rule(output, {rule.bytes(), {}, 0}, Position::append(), 0);
  must_commit(use);
  shell("ip link set lo up");
  const int sender = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  const int receiver = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); // so that no error comes back
  ASSERT_EQ(bind(receiver, reinterpret_cast<const sockaddr *>(&to), sizeof to), 0);
  const std::string data(72, 'x'); // with the headers 100 bytes
  for (const std::uint32_t address : {0x7f000001U, 0x7f000002U, 0x7f000002U, 0x7f000004U}) {
    to.sin_addr.s_addr = htonl(address);
    ASSERT_EQ(sendto(sender, data.data(), data.size(), 0, reinterpret_cast<const sockaddr *>(&to), sizeof to), 72);
  }
  close(sender);
  close(receiver);
  const auto listing = elements(socket(), info(), true);
  ASSERT_TRUE(listing);
  ASSERT_EQ(listing->elements.size(), 12U);
  ASSERT_EQ(listing->counts.size(), 3U);
  std::map<Record, Counts> counts;
  for (std::size_t i = 0; i < 3; ++i)
    counts[{listing->elements.begin() + static_cast<std::ptrdiff_t>(i * 4),
            listing->elements.begin() + static_cast<std::ptrdiff_t>(i * 4 + 4)}] = listing->counts[i];
  EXPECT_EQ(counts.at(bytes_of(0x7f000001)), (Counts{1, 100}));
  EXPECT_EQ(counts.at(bytes_of(0x7f000002)), (Counts{2, 200}));
  EXPECT_EQ(counts.at(bytes_of(0x7f000003)), Counts{});
  EXPECT_TRUE(elements(socket(), info(), false)->counts.empty()) << "nobody asked";
}

/// Elements whose list is longer than an attribute can be: several messages, still one transaction and one tag.
class ManyElementsTest : public SetsTest {
protected:
  static constexpr std::uint32_t many = 50000;

  static Elements numbers(std::uint32_t count, const SetSpec &spec) {
    Elements elements;
    for (std::uint32_t i = 0; i < count; ++i) {
      auto record = joined({bytes_of(1), bytes_of(2 * i)});
      if (spec.has_intervals())
        record = joined({record, record});
      record.resize(spec.element_size());
      elements.insert(elements.end(), record.begin(), record.end());
    }
    return elements;
  }
};

TEST_F(ManyElementsTest, in_one_transaction) {
  const SetSpec spec{8, type_mark << 6U | type_ipv4, {}, 0, 0, false, false};
  const auto all = numbers(many, spec);
  ASSERT_GT(all.size(), 65536U);
  const auto before = generation(socket()).value();
  Transaction make;
  make.add_table(table_, 0);
  make.add_set(name_, spec, 0);
  make.add_elements(name_, spec, all, 1);
  must_commit(make);
  EXPECT_EQ(generation(socket()).value(), before + 1);
  EXPECT_EQ(listed(), sorted(all, 8));
  const auto last = joined({bytes_of(1), bytes_of(2 * (many - 1))});
  EXPECT_TRUE(element(socket(), info(), last).value());

  auto with_a_missing_one = all;
  with_a_missing_one.back() ^= 1U;
  Transaction bad;
  bad.delete_elements(name_, spec, with_a_missing_one, 77);
  const auto refusal = refusal_of(bad);
  EXPECT_EQ(refusal.tag, 77U);
  EXPECT_EQ(refusal.code, ENOENT);
  EXPECT_EQ(listed().size(), many);

  Transaction remove;
  remove.delete_elements(name_, spec, all, 1);
  must_commit(remove);
  EXPECT_TRUE(listed().empty());
}

TEST_F(ManyElementsTest, of_intervals) {
  constexpr std::uint32_t count = 4000; // some 250 kB
  const auto all = numbers(count, intervals_);
  ASSERT_GT(all.size(), 60000U);
  make_set(intervals_, {all});
  EXPECT_EQ(listed(), sorted(all, 16));
  Transaction remove;
  remove.delete_elements(name_, intervals_, all, 1);
  must_commit(remove);
  EXPECT_TRUE(listed().empty());
}

} // namespace
} // namespace nwgate::netlink::testing
