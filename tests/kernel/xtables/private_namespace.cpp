// SPDX-License-Identifier: LGPL-2.1-or-later
#include "private_namespace.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nf_tables.h>
#include <sched.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace nwgate::test {
namespace {

using xtables::Family;
using Socket = Handle<mnl_socket, mnl_socket_close>;
using NftTable = Handle<nftnl_table, nftnl_table_free>;
using NftChain = Handle<nftnl_chain, nftnl_chain_free>;

constexpr std::size_t buffer_size = 1U << 20U;
constexpr const char *table_name = "filter";
constexpr const char *rule_chain = "x";

std::uint16_t number_of(Family family) { return family == Family::ip ? NFPROTO_IPV4 : NFPROTO_IPV6; }

std::string tool_of(Family family) { return family == Family::ip ? "iptables" : "ip6tables"; }

Socket open_socket() {
  Socket socket(mnl_socket_open(NETLINK_NETFILTER));
  EXPECT_EQ(mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID), 0);
  const int size = 4 * static_cast<int>(buffer_size);
  setsockopt(mnl_socket_get_fd(socket.get()), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  return socket;
}

/// Messages for one sendmsg().
class Batch {
public:
  explicit Batch(Family family) : family_(number_of(family)), buffer_(buffer_size) {
    nftnl_batch_begin(next(), sequence_++);
    close_message();
  }
  nlmsghdr *add(std::uint16_t type, std::uint16_t flags) {
    return nftnl_nlmsg_build_hdr(next(), type, family_, static_cast<std::uint16_t>(flags | NLM_F_CREATE), sequence_++);
  }
  void close_message() { used_ += NLMSG_ALIGN(reinterpret_cast<nlmsghdr *>(next())->nlmsg_len); }
  int send() {
    auto *end = nftnl_batch_end(next(), sequence_);
    end->nlmsg_flags |= NLM_F_ACK;
    close_message();
    const auto socket = open_socket();
    if (mnl_socket_sendto(socket.get(), buffer_.data(), used_) < 0)
      return errno;
    std::vector<char> answer(buffer_size);
    const auto size = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
    if (size <= 0)
      return EIO;
    const auto *header = reinterpret_cast<const nlmsghdr *>(answer.data());
    return header->nlmsg_type == NLMSG_ERROR ? -static_cast<const nlmsgerr *>(mnl_nlmsg_get_payload(header))->error
                                             : EPROTO;
  }

private:
  char *next() { return buffer_.data() + used_; }

  std::uint16_t family_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::uint32_t sequence_ = 1;
};

void add_table(Batch &batch) {
  NftTable table(nftnl_table_alloc());
  nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, table_name);
  nftnl_table_nlmsg_build_payload(batch.add(NFT_MSG_NEWTABLE, 0), table.get());
  batch.close_message();
}

NftChain chain_called(const std::string &name) {
  NftChain chain(nftnl_chain_alloc());
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, table_name);
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name.c_str());
  return chain;
}

void add_chain(Batch &batch, const NftChain &chain) {
  nftnl_chain_nlmsg_build_payload(batch.add(NFT_MSG_NEWCHAIN, 0), chain.get());
  batch.close_message();
}

void add_base_chain(Batch &batch, const std::string &name, std::uint32_t hook) {
  const auto chain = chain_called(name);
  nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM, hook);
  nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, 0);
  nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TYPE, "filter");
  add_chain(batch, chain);
}

int collect(const nlmsghdr *header, void *list) {
  NftRule rule(nftnl_rule_alloc());
  if (nftnl_rule_nlmsg_parse(header, rule.get()) < 0)
    return MNL_CB_ERROR;
  static_cast<std::vector<NftRule> *>(list)->push_back(std::move(rule));
  return MNL_CB_OK;
}

/// One request of linux/netfilter/ipset/ip_set.h; the answer comes in the same place.
bool ask_sets(void *request, socklen_t size) {
  const int socket = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  const bool ok = getsockopt(socket, SOL_IP, SO_IP_SET, request, &size) == 0;
  close(socket);
  return ok;
}

std::optional<ip_set_req_get_set> ask_sets(ip_set_req_get_set request) {
  ip_set_req_version version{IP_SET_OP_VERSION, 0};
  if (!ask_sets(&version, sizeof version))
    return std::nullopt;
  request.version = version.version;
  return ask_sets(&request, sizeof request) ? std::optional(request) : std::nullopt;
}

} // namespace

void PrivateNamespace::SetUp() {
  if (unshare(CLONE_NEWNET) == 0)
    return;
  const auto reason = fmt::format("no private network namespace: {}", std::strerror(errno));
  if (std::getenv("NWGATE_REQUIRE_KERNEL") != nullptr)
    FAIL() << reason;
  GTEST_SKIP() << reason;
}

std::optional<std::uint16_t> KernelSets::index_of(const std::string &name) const {
  ip_set_req_get_set request{};
  request.op = IP_SET_OP_GET_BYNAME;
  name.copy(request.set.name, sizeof(request.set.name) - 1);
  const auto answer = ask_sets(request);
  return answer && answer->set.index != IPSET_INVALID_ID ? std::optional(answer->set.index) : std::nullopt;
}

std::optional<std::string> KernelSets::name_of(std::uint16_t index) const {
  ip_set_req_get_set request{};
  request.op = IP_SET_OP_GET_BYINDEX;
  request.set.index = index;
  const auto answer = ask_sets(request);
  return answer && answer->set.name[0] != 0 ? std::optional<std::string>(answer->set.name) : std::nullopt;
}

std::string run(const std::string &command, const std::string &input) {
  std::string file = testing::TempDir() + "nwgate_input_XXXXXX";
  const int descriptor = mkstemp(file.data());
  EXPECT_EQ(write(descriptor, input.data(), input.size()), static_cast<ssize_t>(input.size()));
  close(descriptor);
  FILE *pipe = popen(fmt::format("{{ {}; }} <{} 2>&1", command, file).c_str(), "r");
  std::string output;
  std::array<char, 4096> part{};
  while (const auto size = std::fread(part.data(), 1, part.size(), pipe))
    output.append(part.data(), size);
  EXPECT_EQ(pclose(pipe), 0) << command << ": " << output;
  unlink(file.c_str());
  return output;
}

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

std::vector<std::string> saved_rules(Family family) {
  std::vector<std::string> rules;
  for (const auto &line : lines_of(run(tool_of(family) + "-save -t filter")))
    if (line == "-A x" || line.starts_with("-A x "))
      rules.push_back(line.substr(std::min(line.size(), std::strlen("-A x "))));
  return rules;
}

int commit(Family family, const std::vector<std::string> &chains, const std::vector<NftRule> &rules) {
  Batch batch(family);
  add_table(batch);
  add_base_chain(batch, "INPUT", NF_INET_LOCAL_IN);
  add_base_chain(batch, "FORWARD", NF_INET_FORWARD);
  add_base_chain(batch, "OUTPUT", NF_INET_LOCAL_OUT);
  add_chain(batch, chain_called(rule_chain));
  for (const auto &chain : chains)
    add_chain(batch, chain_called(chain));
  for (const auto &rule : rules) {
    nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, number_of(family));
    nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, table_name);
    nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, rule_chain);
    nftnl_rule_nlmsg_build_payload(batch.add(NFT_MSG_NEWRULE, NLM_F_APPEND), rule.get());
    batch.close_message();
  }
  return batch.send();
}

std::vector<NftRule> dump(Family family) {
  std::vector<NftRule> rules;
  std::vector<char> buffer(buffer_size);
  NftRule filter(nftnl_rule_alloc());
  nftnl_rule_set_str(filter.get(), NFTNL_RULE_TABLE, table_name);
  nftnl_rule_set_str(filter.get(), NFTNL_RULE_CHAIN, rule_chain);
  auto *header = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_GETRULE, number_of(family), NLM_F_DUMP, 1);
  nftnl_rule_nlmsg_build_payload(header, filter.get());
  const auto socket = open_socket();
  EXPECT_GT(mnl_socket_sendto(socket.get(), header, header->nlmsg_len), 0);
  int state = MNL_CB_OK;
  while (state > MNL_CB_STOP) {
    const auto size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    state = size < 0 ? MNL_CB_ERROR
                     : mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 1, mnl_socket_get_portid(socket.get()),
                                  collect, &rules);
  }
  EXPECT_EQ(state, MNL_CB_STOP) << std::strerror(errno);
  return rules;
}

std::vector<std::string> expressions_of(const nftnl_rule &rule) {
  std::vector<std::string> expressions;
  nftnl_expr_foreach(
      const_cast<nftnl_rule *>(&rule),
      [](nftnl_expr *expression, void *list) {
        std::array<char, 4096> buffer{};
        auto *header = mnl_nlmsg_put_header(buffer.data());
        nftnl_expr_build_payload(header, expression);
        static_cast<std::vector<std::string> *>(list)->push_back(
            std::string(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME)) +
            std::string(buffer.data() + sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr)));
        return 0;
      },
      &expressions);
  return expressions;
}

} // namespace nwgate::test
