// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/xtables_bridge/nat_table.h"

#include "drivers/xtables/bridge/bridge_codec.h"
#include "drivers/xtables/bridge/policy.h"
#include "drivers/xtables/expressions.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>
#include <sched.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>

namespace nwgate::xtables::test {
namespace {

using MnlSocket = Handle<mnl_socket, mnl_socket_close>;
using NftChain = Handle<nftnl_chain, nftnl_chain_free>;
using NftTable = Handle<nftnl_table, nftnl_table_free>;

constexpr std::uint32_t sequence = 1;

MnlSocket open_socket() {
  MnlSocket socket(mnl_socket_open(NETLINK_NETFILTER));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    throw std::runtime_error("no netlink socket");
  const int size = 1 << 22;
  setsockopt(mnl_socket_get_fd(socket.get()), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  return socket;
}

/// Reads answers until one says that it is the last. Returns its errno.
int read_answers(const mnl_socket &socket, mnl_cb_t callback, void *data) {
  std::vector<char> buffer(1U << 18U);
  for (int result = MNL_CB_OK; result > MNL_CB_STOP;) {
    const auto size = mnl_socket_recvfrom(&socket, buffer.data(), buffer.size());
    result = size < 0 ? -1 : mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 0, 0, callback, data);
    if (result < 0)
      return errno;
  }
  return 0;
}

/// Messages between the two that make them a transaction.
class Batch {
public:
  Batch() { end_ += nftnl_batch_begin(at(), sequence)->nlmsg_len; }

  template <typename Object, typename Build>
  void add(std::uint16_t type, std::uint16_t flags, Object *object, Build build) {
    auto *message = nftnl_nlmsg_build_hdr(at(), type, NFPROTO_BRIDGE, flags, sequence);
    build(message, object);
    end_ += message->nlmsg_len;
  }

  int send() {
    auto *last = nftnl_batch_end(at(), sequence);
    last->nlmsg_flags |= NLM_F_ACK;
    end_ += last->nlmsg_len;
    const auto socket = open_socket();
    if (mnl_socket_sendto(socket.get(), bytes_.data(), end_) < 0)
      return errno;
    return read_answers(*socket, nullptr, nullptr);
  }

private:
  char *at() { return bytes_.data() + end_; }

  std::vector<char> bytes_ = std::vector<char>(1U << 22U);
  std::size_t end_ = 0;
};

struct BaseChain {
  const char *name;
  std::uint32_t hook;
  std::int32_t priority;
};
constexpr BaseChain base_chains[] = {{"PREROUTING", NF_BR_PRE_ROUTING, NF_BR_PRI_NAT_DST_BRIDGED},
                                     {"OUTPUT", NF_BR_LOCAL_OUT, NF_BR_PRI_NAT_DST_OTHER},
                                     {"POSTROUTING", NF_BR_POST_ROUTING, NF_BR_PRI_NAT_SRC}};

NftChain named_chain(const std::string &name) {
  NftChain chain(nftnl_chain_alloc());
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, "nat");
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name.c_str());
  return chain;
}

void add_chain(Batch &batch, const NftChain &chain) {
  batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE, chain.get(), nftnl_chain_nlmsg_build_payload);
}

using Refusal = std::optional<std::string>;

void add_rule(Batch &batch, const std::string &chain, const std::function<Refusal(nftnl_rule &)> &encode) {
  NftRule rule(nftnl_rule_alloc());
  nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, NFPROTO_BRIDGE);
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, "nat");
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, chain.c_str());
  if (const auto refusal = encode(*rule))
    throw std::invalid_argument(*refusal);
  batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, rule.get(), nftnl_rule_nlmsg_build_payload);
}

} // namespace

int enter_new_namespace() { return unshare(CLONE_NEWNET) == 0 ? 0 : errno; }

int load_nat(const std::vector<Chain> &chains) {
  Batch batch;
  NftTable table(nftnl_table_alloc());
  nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, "nat");
  for (const std::uint16_t type : {NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE, NFT_MSG_NEWTABLE})
    batch.add(type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0, table.get(), nftnl_table_nlmsg_build_payload);
  for (const auto &[name, hook, priority] : base_chains) {
    const auto chain = named_chain(name);
    nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TYPE, "filter");
    nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM, hook);
    nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, priority);
    nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
    add_chain(batch, chain);
  }
  for (const auto &chain : chains)
    add_chain(batch, named_chain(chain.name));
  for (const auto &[name, rules, policy] : chains) {
    for (const auto &rule : rules)
      add_rule(batch, name, [&](nftnl_rule &out) { return encode_bridge(rule, out); });
    if (policy != Verdict::return_to_caller)
      add_rule(batch, name, [verdict = policy](nftnl_rule &out) { return encode_policy(verdict, out); });
  }
  return batch.send();
}

std::vector<std::pair<std::string, NftRule>> dump_nat() {
  std::vector<std::pair<std::string, NftRule>> rules;
  const auto collect = [](const nlmsghdr *message, void *data) {
    NftRule rule(nftnl_rule_alloc());
    if (nftnl_rule_nlmsg_parse(message, rule.get()) < 0)
      return MNL_CB_ERROR;
    std::string chain = nftnl_rule_get_str(rule.get(), NFTNL_RULE_CHAIN);
    static_cast<decltype(rules) *>(data)->emplace_back(std::move(chain), std::move(rule));
    return MNL_CB_OK;
  };
  char buffer[MNL_NLMSG_HDRLEN + 64];
  auto *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETRULE, NFPROTO_BRIDGE, NLM_F_DUMP, sequence);
  mnl_attr_put_strz(request, NFTA_RULE_TABLE, "nat");
  const auto socket = open_socket();
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0 || read_answers(*socket, collect, &rules) != 0)
    throw std::runtime_error("cannot dump the rules");
  return rules;
}

std::vector<std::uint8_t> expression_bytes(const nftnl_rule &rule) {
  std::vector<std::uint8_t> buffer(1U << 16U);
  NftRule bare(nftnl_rule_alloc());
  const auto copy = [](nftnl_expr *expression, void *header) {
    auto *message = static_cast<nlmsghdr *>(header);
    auto *nest = mnl_attr_nest_start(message, 1);
    nftnl_expr_build_payload(message, expression);
    mnl_attr_nest_end(message, nest);
    return 0;
  };
  auto *message = mnl_nlmsg_put_header(buffer.data());
  nftnl_expr_foreach(const_cast<nftnl_rule *>(&rule), copy, message);
  buffer.resize(message->nlmsg_len);
  return buffer;
}

std::vector<std::string> saved_lines(const std::string &beginning) {
  std::vector<std::string> lines;
  std::istringstream output(output_of("ebtables-save"));
  for (std::string line; std::getline(output, line);)
    if (line.starts_with(beginning))
      lines.push_back(line);
  return lines;
}

std::string output_of(const std::string &command) {
  const Handle<FILE, pclose> pipe(popen(command.c_str(), "r"));
  std::string output;
  char buffer[4096];
  while (const auto size = std::fread(buffer, 1, sizeof buffer, pipe.get()))
    output.append(buffer, size);
  return output;
}

int feed(const std::string &command, const std::string &text) {
  std::signal(SIGPIPE, SIG_IGN);
  FILE *pipe = popen(command.c_str(), "w");
  std::fwrite(text.data(), 1, text.size(), pipe);
  return pclose(pipe);
}

} // namespace nwgate::xtables::test
