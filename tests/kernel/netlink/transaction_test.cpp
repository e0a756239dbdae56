// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/netlink/support.h"

#include <cerrno>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::netlink::testing {
namespace {

using Texts = std::vector<std::string>;

class TransactionTest : public KernelTest {};

TEST_F(TransactionTest, makes_and_deletes_in_all_three_families_at_once) {
  const std::vector<TableName> tables{{Family::bridge, "nat"}, {Family::ip, "filter"}, {Family::ip6, "filter"}};
  Transaction make;
  for (const TableName &name : tables) {
    make.add_table(name, 0);
    make.add_chain({name.family, name.name, "c"}, 0);
    make.add_rule(*make_rule({name.family, name.name, "c"}, "x", NF_ACCEPT), Position::append(), 0);
  }
  must_commit(make);
  for (const TableName &name : tables) {
    auto found = rules(socket(), name);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U) << name.name;
    EXPECT_EQ(label_of(*found->front()), "x");
  }
  Transaction remove;
  for (const TableName &name : tables)
    remove.delete_table(name, 0);
  must_commit(remove);
  for (const TableName &name : tables)
    EXPECT_FALSE(table(socket(), name).value());
}

TEST_F(TransactionTest, base_chain_has_the_place_it_was_given) {
  const ChainName name{Family::bridge, "nat", "PREROUTING"};
  Transaction transaction;
  transaction.add_table({Family::bridge, "nat"}, 0);
  transaction.add_base_chain(name, {"filter", NF_INET_PRE_ROUTING, -300, Policy::drop}, 0);
  must_commit(transaction);
  auto found = chain(socket(), name);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->base, (BaseChain{"filter", NF_INET_PRE_ROUTING, -300, Policy::drop}));

  Transaction again;
  again.add_base_chain(name, {"filter", NF_INET_PRE_ROUTING, -300, Policy::accept}, 0);
  must_commit(again);
  EXPECT_EQ((*chain(socket(), name).value()).base->policy, Policy::accept);

  Transaction other;
  other.add_base_chain(name, {"filter", NF_INET_PRE_ROUTING, -200, Policy::accept}, 5);
  auto done = other.commit(socket());
  ASSERT_TRUE(done);
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  const int code = done->refusals.at(0).code;
  EXPECT_TRUE(code == EOPNOTSUPP || code == EEXIST) << code << "; Linux up to 6.1 says EEXIST";
}

TEST_F(TransactionTest, positions) {
  make_chain_with_rules(2);
  const std::uint64_t second = nftnl_rule_get_u64(rules_of_chain().at(1).get(), NFTNL_RULE_HANDLE);
  Transaction transaction;
  transaction.add_rule(*make_rule(chain_, "end1"), Position::append(), 0);
  transaction.add_rule(*make_rule(chain_, "end2"), Position::append(), 0);
  transaction.add_rule(*make_rule(chain_, "before1"), Position::before(second), 0);
  transaction.add_rule(*make_rule(chain_, "before2"), Position::before(second), 0);
  transaction.add_rule(*make_rule(chain_, "after1"), Position::after(second), 0);
  transaction.add_rule(*make_rule(chain_, "after2"), Position::after(second), 0);
  transaction.add_rule(*make_rule(chain_, "top1"), Position::top(), 0);
  transaction.add_rule(*make_rule(chain_, "top2"), Position::top(), 0);
  must_commit(transaction);
  EXPECT_EQ(labels(), (Texts{"top2", "top1", "1", "before1", "before2", "2", "after2", "after1", "end1", "end2"}));
}

TEST_F(TransactionTest, a_rule_that_was_read_can_be_written_elsewhere) {
  make_chain_with_rules(2);
  auto found = rules_of_chain();
  Transaction transaction;
  transaction.add_rule(*found.at(0), Position::append(), 0);
  must_commit(transaction);
  EXPECT_EQ(labels(), (Texts{"1", "2", "1"}));
}

TEST_F(TransactionTest, replace_keeps_the_place_and_the_handle) {
  make_chain_with_rules(3);
  const std::uint64_t old = nftnl_rule_get_u64(rules_of_chain().at(1).get(), NFTNL_RULE_HANDLE);
  Transaction transaction;
  transaction.replace_rule(*make_rule(chain_, "new", NF_DROP), old, 0);
  must_commit(transaction);
  EXPECT_EQ(labels(), (Texts{"1", "new", "3"}));
  EXPECT_EQ(nftnl_rule_get_u64(rules_of_chain().at(1).get(), NFTNL_RULE_HANDLE), old);
}

TEST_F(TransactionTest, deletes_one_rule_and_flushes_all) {
  make_chain_with_rules(3);
  Transaction one;
  one.delete_rule(chain_, nftnl_rule_get_u64(rules_of_chain().at(1).get(), NFTNL_RULE_HANDLE), 0);
  must_commit(one);
  EXPECT_EQ(labels(), (Texts{"1", "3"}));
  Transaction all;
  all.flush_chain(chain_, 0);
  all.add_rule(*make_rule(chain_, "only"), Position::append(), 0);
  must_commit(all);
  EXPECT_EQ(labels(), Texts{"only"});
  Transaction chain_itself;
  chain_itself.delete_chain(chain_, 0);
  must_commit(chain_itself);
  EXPECT_FALSE(chain(socket(), chain_).value());
}

TEST_F(TransactionTest, refusals_name_their_tags_and_nothing_of_the_batch_remains) {
  make_chain_with_rules(1);
  Transaction transaction;
  transaction.add_chain({Family::ip, "filter", "new"}, 10);
  transaction.add_rule(*make_rule(chain_, "2"), Position::append(), 11);
  transaction.add_rule(*make_jump(chain_, "nowhere"), Position::append(), 12);
  transaction.add_rule(*make_rule({Family::ip, "filter", "absent"}), Position::append(), 13);
  transaction.add_rule(*make_rule(chain_, "3"), Position::append(), 14);
  auto done = transaction.commit(socket());
  ASSERT_TRUE(done) << done.error().message();
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  ASSERT_EQ(done->refusals.size(), 2U);
  EXPECT_EQ(done->refusals[0].tag, 12U);
  EXPECT_EQ(done->refusals[0].code, ENOENT);
  EXPECT_EQ(done->refusals[0].message, "No such file or directory at expression 2 (immediate)");
  EXPECT_EQ(done->refusals[1].tag, 13U);
  EXPECT_EQ(labels(), Texts{"1"});
  EXPECT_FALSE(chain(socket(), {Family::ip, "filter", "new"}).value());
}

TEST_F(TransactionTest, a_refused_last_operation_is_told) {
  make_chain_with_rules(1);
  Transaction transaction;
  transaction.delete_chain({Family::ip, "filter", "absent"}, 42);
  auto done = transaction.commit(socket());
  ASSERT_TRUE(done);
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  EXPECT_EQ(done->refusals.at(0).tag, 42U);
}

TEST_F(TransactionTest, a_loop_of_jumps_is_refused) {
  make_chain_with_rules(0);
  const ChainName other{Family::ip, "filter", "d"};
  Transaction transaction;
  transaction.add_base_chain({Family::ip, "filter", "FORWARD"}, {"filter", NF_INET_FORWARD, 0, Policy::accept}, 0);
  transaction.add_chain(other, 1);
  transaction.add_rule(*make_jump({Family::ip, "filter", "FORWARD"}, "c"), Position::append(), 2);
  transaction.add_rule(*make_jump(chain_, "d"), Position::append(), 3);
  transaction.add_rule(*make_jump(other, "c"), Position::append(), 4);
  auto done = transaction.commit(socket());
  ASSERT_TRUE(done) << done.error().message();
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  EXPECT_EQ(done->refusals.at(0).code, EMLINK) << done->refusals.at(0).message;
  EXPECT_EQ(done->refusals.at(0).tag, 4U);
}

TEST_F(TransactionTest, another_writer_in_between_is_a_conflict) {
  make_chain_with_rules(1);
  auto known = generation(socket());
  ASSERT_TRUE(known);
  Transaction transaction(*known);
  transaction.add_rule(*make_rule(chain_, "mine"), Position::append(), 0);
  {
    Socket other = open_socket();
    Transaction theirs;
    theirs.add_rule(*make_rule(chain_, "theirs"), Position::append(), 0);
    ASSERT_EQ(theirs.commit(other)->outcome, Commit::Outcome::committed);
  }
  auto done = transaction.commit(socket());
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->outcome, Commit::Outcome::conflict);
  EXPECT_EQ(labels(), (Texts{"1", "theirs"}));

  Transaction again(generation(socket()).value());
  again.add_rule(*make_rule(chain_, "mine"), Position::append(), 0);
  must_commit(again);
  EXPECT_EQ(labels(), (Texts{"1", "theirs", "mine"}));
}

TEST_F(TransactionTest, each_commit_is_one_generation) {
  make_chain_with_rules(1);
  const GenerationId before = generation(socket()).value();
  Transaction transaction;
  transaction.add_rule(*make_rule(chain_, "2"), Position::append(), 0);
  transaction.add_rule(*make_rule(chain_, "3"), Position::append(), 0);
  must_commit(transaction);
  EXPECT_EQ(generation(socket()).value(), before + 1);
  must_commit(transaction); // a transaction may be repeated
  EXPECT_EQ(labels(), (Texts{"1", "2", "3", "2", "3"}));
  Transaction nothing;
  must_commit(nothing);
  EXPECT_EQ(generation(socket()).value(), before + 2);
}

TEST_F(TransactionTest, a_rule_too_long_for_a_message_is_refused_before_anything_is_sent) {
  make_chain_with_rules(1);
  NftRule rule = make_rule(chain_, "long");
  for (int count = 0; count < 128; ++count)
    nftnl_rule_add_expr(rule.get(), nftnl_expr_alloc("counter"));
  Transaction transaction;
  transaction.add_rule(*make_rule(chain_, "2"), Position::append(), 0);
  transaction.add_rule(*rule, Position::append(), 3);
  auto done = transaction.commit(socket());
  ASSERT_TRUE(done);
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  EXPECT_EQ(done->refusals.at(0).tag, 3U);
  EXPECT_EQ(labels(), Texts{"1"});
}

} // namespace
} // namespace nwgate::netlink::testing
