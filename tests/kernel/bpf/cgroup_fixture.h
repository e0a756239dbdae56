// SPDX-License-Identifier: LGPL-2.1-or-later
/// A cgroup of the test's own, a loopback device and a file system for pins that nobody else sees, and sockets of
/// that cgroup.
#pragma once

#include "tests/kernel/bpf/support.h"

#include "drivers/bpf/attach.h"
#include "drivers/bpf/descriptor.h"

#include <chrono>
#include <netinet/in.h>
#include <string>

namespace nwgate::bpf::testing {

/// Each test runs in new namespaces of the network and of mounts.
class CgroupTest : public BpfTest {
protected:
  void SetUp() override;
  void TearDown() override;

  /// Where the filter is pinned.
  [[nodiscard]] std::string pins() const { return mount_ + "/nwgate/test"; }
  /// The directory of the test's cgroup.
  [[nodiscard]] int cgroup() const { return cgroup_.get(); }
  /// The cgroup goes away, and another of the same path comes in its place.
  void make_cgroup_again();

  /// Both directions; a direction without rules accepts everything.
  static CgroupFilter filter_of(const ClosedProgram &program, const CompileLimits &limits = {});
  /// Of chains in the text form.
  static CgroupFilter filter_of(const std::string &chains) { return filter_of(program_of(chains)); }
  void must_attach(const CgroupFilter &filter);
  /// How many programs are attached to the cgroup itself.
  int attached_count(Direction direction);

  /// A socket that was opened by a member of the cgroup: the kernel judges its packets by that for ever.
  Descriptor socket_of_cgroup(int family, int type);
  /// By the test itself, which is not in it.
  static Descriptor socket_outside(int family, int type);

private:
  void remove_cgroup();
  static void move_to(const std::string &path);

  std::string cgroup_path_;
  std::string own_cgroup_path_;
  std::string mount_;
  Descriptor cgroup_;
};

/// On the loopback device: 127.0.0.1 or ::1.
void bind_to(const Descriptor &socket, int family, std::uint16_t port);
/// Sends a datagram: 0, or errno.
int send_to(const Descriptor &socket, int family, std::uint16_t port, const std::string &data);
/// 0, or errno; ETIMEDOUT if it takes longer than that.
int connect_to(const Descriptor &socket, int family, std::uint16_t port, std::chrono::milliseconds longest);
/// Whether a datagram or a connection is waiting.
bool has_arrived(const Descriptor &socket);

} // namespace nwgate::bpf::testing
