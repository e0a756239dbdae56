// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/lifecycle/host.h"

#include "drivers/netlink/read_back.h"
#include "drivers/nftables/kernel_state.h"
#include "drivers/nftables/plan.h"
#include "drivers/xtables/ip_sets.h"
#include "drivers/xtables/kernel_view.h"
#include "drivers/xtables/rule_listing.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <libnftnl/common.h>
#include <linux/netlink.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nwgate::test {

void Host::SetUp() {
  if (unshare(CLONE_NEWNET) != 0) {
    const auto reason = fmt::format("no private network namespace: {}", std::strerror(errno));
    const char *required = std::getenv("NWG_REQUIRE_KERNEL");
    if (required != nullptr && std::string_view(required) == "1")
      FAIL() << reason;
    GTEST_SKIP() << reason;
  }
  std::string name = testing::TempDir() + "nwgate-lifecycle.XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  root_ = name;
}

void Host::TearDown() {
  if (!root_.empty())
    std::filesystem::remove_all(root_);
}

pid_t Host::start(const std::vector<std::string> &arguments) const {
  std::vector<std::string> words = {NWGATE, "--root", root_.string(), "--layout", layout()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> pointers;
  for (auto &word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t child = -1;
  EXPECT_EQ(posix_spawn(&child, NWGATE, nullptr, nullptr, pointers.data(), environ), 0);
  return child;
}

void Host::run(const std::vector<std::string> &arguments) const {
  ASSERT_EQ(wait_for(start(arguments)), 0) << arguments.front();
}

std::string Host::write(const std::string &path, const std::string &text) const {
  const auto whole = root_ / path;
  std::filesystem::create_directories(whole.parent_path());
  std::ofstream(whole) << text;
  return whole.string();
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void shell(const std::string &command) {
  const int status = std::system(command.c_str()); // NOLINT(cert-env33-c): the test's own words
  ASSERT_EQ(status, 0) << command;
}

std::string layout() {
  const char *layout = std::getenv("NWG_LAYOUT");
  return layout == nullptr ? "nftables" : layout;
}

namespace {

std::string state_of_xtables(netlink::Socket &socket) {
  const auto view = xtables::read_all(socket, xtables::HostIpSets{});
  if (!view) {
    ADD_FAILURE() << view.error().message();
    return {};
  }
  std::string text;
  for (const auto &[family, table] : view->tables) {
    text += fmt::format("table {}\n", table.info ? xtables::table_of(family).name : "missing");
    for (const auto &[name, chain] : table.chains) {
      text += fmt::format("chain {} {}\n", static_cast<int>(family), name);
      for (const auto &rule : chain.rules)
        text += rule.rule ? xtables::to_save_text(*rule.rule, family) + '\n'
                          : fmt::format("policy {}\n", rule.policy ? static_cast<int>(*rule.policy) : -1);
    }
  }
  return text;
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes)
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::string state_of_nftables(netlink::Socket &socket) {
  const auto state = nftables::read_state(socket, nftables::ReadElements::all);
  if (!state) {
    ADD_FAILURE() << state.error().message();
    return {};
  }
  std::string text;
  for (const auto &[family, table] : state->tables) {
    text += fmt::format("table {}\n", static_cast<int>(family));
    for (const auto &[name, chain] : table.chains) {
      text += fmt::format("chain {}\n", name);
      for (const auto &rule : chain.rules)
        text += hexadecimal(rule.form) + '\n';
    }
    for (const auto &[name, set] : table.sets) {
      text += fmt::format("set {}\n", name);
      auto elements = set.listing.elements;
      nftables::sort_records(elements, set.info.spec.element_size());
      text += hexadecimal({reinterpret_cast<const char *>(elements.data()), elements.size()}) + '\n';
      auto verdicts = set.listing.verdicts;
      std::ranges::sort(verdicts);
      for (const auto &verdict : verdicts)
        text += fmt::format("{:02x} {}\n", fmt::join(verdict.key, ""), verdict.chain);
    }
  }
  return text;
}

} // namespace

std::string state_of_kernel(netlink::Socket &socket) {
  return layout() == "xtables" ? state_of_xtables(socket) : state_of_nftables(socket);
}

bool is_known(netlink::Socket &socket, const std::string &port) {
  if (layout() == "xtables")
    return state_of_xtables(socket).find(fmt::format("nwgate-I-{}\n", port)) != std::string::npos;
  const auto state = nftables::read_state(socket, nftables::ReadElements::all);
  EXPECT_TRUE(state);
  return state && nftables::ports_in(*state).contains(port);
}

std::optional<std::string> settled_state_of_kernel(netlink::Socket &socket) {
  // A batch of nothing: the kernel takes its lock, and commits nothing.
  std::array<std::byte, 256> batch{};
  auto *text = reinterpret_cast<char *>(batch.data());
  std::size_t size = nftnl_batch_begin(text, 0)->nlmsg_len;
  size += nftnl_batch_end(text + size, 0)->nlmsg_len;
  const auto sent = socket.send({batch.data(), size});
  const auto drained = socket.drain();
  EXPECT_TRUE(sent && drained);
  const auto before = netlink::generation(socket);
  auto state = state_of_kernel(socket);
  const auto after = netlink::generation(socket);
  EXPECT_TRUE(before && after);
  return before && after && *before == *after ? std::optional(std::move(state)) : std::nullopt;
}

netlink::Socket open_socket() {
  auto socket = netlink::Socket::open();
  EXPECT_TRUE(socket) << socket.error().message();
  return std::move(*socket);
}

std::string filter_text(const std::string &name, const std::string &content) {
  return fmt::format("<filter name='{}'>\n{}</filter>\n", name, content);
}

std::string binding_text(const std::string &port, const std::string &filter) {
  return fmt::format(
      "<filterbinding>\n<portdev name='{}'/>\n<mac address='52:54:00:00:00:01'/>\n"
      "<filterref filter='{}'>\n<parameter name='IP' value='10.0.0.1'/>\n</filterref>\n</filterbinding>\n",
      port, filter);
}

} // namespace nwgate::test
