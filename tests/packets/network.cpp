// SPDX-License-Identifier: LGPL-2.1-or-later
#include "network.h"

#include "program.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace nwgate::packets {
namespace {

void require(bool good, const char *what) {
  if (!good)
    throw std::system_error(errno, std::generic_category(), what);
}

/// No address of its own, and not a word that nobody asked for.
void silence() {
  set_sysctl("ipv6/conf/default/disable_ipv6", "1");
  set_sysctl("ipv6/conf/default/accept_dad", "0");
  set_sysctl("ipv6/conf/default/router_solicitations", "0");
}

/// Connections are followed whether or not a rule asks for their state. The table is foreign to nwgate.
constexpr auto following = R"(
table inet follow { chain everything { type filter hook prerouting priority 0; ct state new counter; }; }
)";

} // namespace

Namespace Namespace::create() {
  const auto before = current();
  require(unshare(CLONE_NEWNET) == 0, "no private network namespace");
  auto made = current();
  before.enter();
  return made;
}

Namespace Namespace::current() {
  const int descriptor = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  require(descriptor >= 0, "/proc/thread-self/ns/net");
  return Namespace(descriptor);
}

Namespace::Namespace(Namespace &&other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Namespace::~Namespace() {
  if (descriptor_ >= 0)
    close(descriptor_);
}

std::string Namespace::path() const { return fmt::format("/proc/{}/fd/{}", getpid(), descriptor_); }

void Namespace::enter() const { require(setns(descriptor_, CLONE_NEWNET) == 0, "setns"); }

Network::Network() : workload_(Namespace::create()), peer_(Namespace::create()), host_(Namespace::create()) {
  for (const auto *space : {&workload_, &peer_, &host_}) {
    space->enter();
    silence();
  }
  must_run({"nft", "-f", "-"}, following);
  ip_commands(fmt::format("link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
                          "link add v0 type veth peer name v0p netns {}\n"
                          "link add v1 type veth peer name v1p netns {}\n"
                          "link set br0 address {}\n"
                          "link set v0 master br0\n"
                          "link set v1 master br0\n"
                          "link set v0 type bridge_slave learning off\n"
                          "link set v1 type bridge_slave learning off\n"
                          "link set br0 up\nlink set v0 up\nlink set v1 up\n",
                          workload_.path(), peer_.path(), host_mac));
  {
    const Within there(workload_);
    ip_commands(fmt::format("link set lo up\nlink set v0p address {} up\n", workload_mac));
  }
  const Within there(peer_);
  ip_commands(fmt::format("link set lo up\nlink set v1p address {} up\n", peer_mac));
}

void Network::add_addresses() const {
  struct Place {
    const Namespace &space;
    const char *device;
    const char *mac;
    const char *v4;
    const char *v6;
  };
  const std::array places = {Place{workload_, "v0p", workload_mac, workload_v4, workload_v6},
                             Place{peer_, "v1p", peer_mac, peer_v4, peer_v6},
                             Place{host_, "br0", host_mac, host_v4, host_v6}};
  for (const auto &place : places) {
    const Within there(place.space);
    set_sysctl(fmt::format("ipv6/conf/{}/disable_ipv6", place.device), "0");
    std::string lines = fmt::format("addr add {}/24 dev {}\naddr add {}/64 dev {} nodad\n", place.v4, place.device,
                                    place.v6, place.device);
    for (const auto &other : places)
      for (const auto *address : {other.v4, other.v6})
        if (other.mac != place.mac)
          lines += fmt::format("neigh add {} lladdr {} dev {} nud permanent\n", address, other.mac, place.device);
    ip_commands(lines);
  }
}

void Network::add_port(const std::string &name, const std::string &other_end) const {
  const auto other = other_end.empty() ? name + "p" : other_end;
  // Not in a batch, to whose reader some characters mean something.
  must_run({"ip", "link", "add", "name", name, "type", "veth", "peer", "name", other, "netns", peer_.path()});
  must_run({"ip", "link", "set", "dev", name, "master", "br0"});
  must_run({"ip", "link", "set", "dev", name, "type", "bridge_slave", "learning", "off"});
  must_run({"ip", "link", "set", "dev", name, "up"});
  const Within there(peer_);
  must_run({"ip", "link", "set", "dev", other, "up"});
}

void Network::forget_connections() const {
  struct {
    nlmsghdr header;
    nfgenmsg family;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  EXPECT_EQ(send(socket, &request, sizeof request, 0), static_cast<ssize_t>(sizeof request));
  std::array<char, 1024> answer{};
  EXPECT_GT(recv(socket, answer.data(), answer.size(), 0), 0);
  EXPECT_EQ(reinterpret_cast<const nlmsgerr *>(answer.data() + NLMSG_HDRLEN)->error, 0) << "to forget connections";
  close(socket);
}

void Network::follow_connections(bool yes) const {
  must_run({"nft", "-f", "-"},
           std::string("table inet follow {}; delete table inet follow;\n") + (yes ? following : ""));
}

void ip_commands(const std::string &lines) { must_run({"ip", "-batch", "-"}, lines); }

void set_sysctl(const std::string &name, const std::string &value) {
  std::ofstream file("/proc/sys/net/" + name);
  file << value << std::flush;
  EXPECT_TRUE(file.good()) << name;
}

} // namespace nwgate::packets
