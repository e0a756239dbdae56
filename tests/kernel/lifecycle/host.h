// SPDX-License-Identifier: LGPL-2.1-or-later
/// A network namespace and directories of a test's own, and the command `nwgate` in them.
#pragma once

#include "drivers/netlink/socket.h"

#include <chrono>
#include <filesystem>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace nwgate::test {

/// Without the privilege for a namespace the test is skipped, or fails if NWG_REQUIRE_KERNEL=1.
class Host : public testing::Test {
protected:
  void SetUp() override;
  void TearDown() override;

  /// Starts `nwgate --root ROOT ARGUMENTS...`.
  [[nodiscard]] pid_t start(const std::vector<std::string> &arguments) const;
  /// Runs it; it must succeed.
  void run(const std::vector<std::string> &arguments) const;
  /// Writes a file below the root and returns its path.
  [[nodiscard]] std::string write(const std::string &path, const std::string &text) const;

  std::filesystem::path root_;
};

/// The exit code, or minus the signal's number.
int wait_for(pid_t child);
/// Runs a shell command, which must succeed.
void shell(const std::string &command);

/// The layout that is tested: NWG_LAYOUT, by default `nftables`.
std::string layout();

/// All chains, rules and elements of the layout's tables at one moment, as text without handles and counts.
std::string state_of_kernel(netlink::Socket &socket);
/// The kernel has rules for the port.
bool is_known(netlink::Socket &socket, const std::string &port);
/// The same, or nothing when a commit came in between. The kernel moves its generation id a moment before its
/// listings show the new generation, and an interrupt may come in that moment: a dump that begins there is of
/// both, and its id does not tell. So this first waits for the commit that is under way.
std::optional<std::string> settled_state_of_kernel(netlink::Socket &socket);
netlink::Socket open_socket();

std::string filter_text(const std::string &name, const std::string &content);
std::string binding_text(const std::string &port, const std::string &filter);

} // namespace nwgate::test
