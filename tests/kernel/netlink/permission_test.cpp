// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/netlink/support.h"

#include <cerrno>
#include <functional>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nwgate::netlink::testing {
namespace {

class PermissionTest : public KernelTest {};

/// What `action` says in a child process without any capability.
std::string without_capabilities(const std::function<std::string()> &action) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct nothing[2]{};
    std::string text = "cannot drop the capabilities";
    if (syscall(SYS_capset, &header, nothing) == 0)
      text = action();
    const bool written = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  std::string text(4096, '\0');
  const ssize_t size = read(ends[0], text.data(), text.size());
  close(ends[0]);
  waitpid(child, nullptr, 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

TEST_F(PermissionTest, opening_says_what_is_missing) {
  EXPECT_EQ(without_capabilities([] {
              auto opened = Socket::open();
              return opened ? std::string("opened") : opened.error().message();
            }),
            "cannot read the generation of nf_tables: needs CAP_NET_ADMIN: Operation not permitted");
}

TEST_F(PermissionTest, a_commit_on_an_open_socket_says_it_too_and_changes_nothing) {
  make_chain_with_rules(1);
  EXPECT_EQ(without_capabilities([this] {
              Transaction transaction;
              transaction.flush_chain(chain_, 0);
              auto done = transaction.commit(socket());
              return done ? std::string("done") : done.error().message();
            }),
            "cannot commit to nf_tables: needs CAP_NET_ADMIN: Operation not permitted");
  EXPECT_EQ(labels().size(), 1U);
}

} // namespace
} // namespace nwgate::netlink::testing
