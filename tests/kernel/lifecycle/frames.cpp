// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/lifecycle/frames.h"

#include "tests/kernel/lifecycle/host.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstring>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace nwgate::test {
namespace {

using Frame = std::vector<unsigned char>;

constexpr std::array<unsigned char, 6> signature = {'n', 'w', 'g', 'a', 't', 'e'};
constexpr unsigned char type_to_pass = 0xb5, type_to_drop = 0xb6;
constexpr auto pause = std::chrono::microseconds(500);

Frame make_frame(std::size_t kind, bool to_drop) {
  Frame frame = {0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1};
  const auto add = [&](std::initializer_list<unsigned char> bytes) { frame.insert(frame.end(), bytes); };
  const unsigned char port = to_drop ? 9 : 7;
  if (kind == 0)
    add({0x88, to_drop ? type_to_drop : type_to_pass});
  if (kind == 1) // the checksum is that of this header
    add({0x08, 0, 0x45, 0, 0, 36, 0, 1, 0, 0, 64, 17, 0x66, 0xc6, 10, 0, 0, 1, 10, 0, 0, 2});
  if (kind == 2) {
    add({0x86, 0xdd, 0x60, 0, 0, 0, 0, 16, 17, 64});
    for (const unsigned char last : std::initializer_list<unsigned char>{1, 2})
      add({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
  }
  if (kind != 0)
    add({0x10, 0, 0, port, 0, 16, 0, 0});
  frame.insert(frame.end(), signature.begin(), signature.end());
  add({static_cast<unsigned char>(kind), static_cast<unsigned char>(to_drop)});
  return frame;
}

int open_device(const char *name) {
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(name));
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof address), 0) << name;
  const int size = 64 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  const int on = 1;
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  return fd;
}

} // namespace

void make_bridge() {
  shell("ip link add br0 type bridge && ip link set br0 up && for i in 0 1; do ip link add v$i type veth peer "
        "name g$i &&"
        " sysctl -qw net.ipv6.conf.v$i.disable_ipv6=1 net.ipv6.conf.g$i.disable_ipv6=1 &&"
        " ip link set v$i master br0 up && ip link set g$i address 52:54:00:00:00:0$((i + 1)) up || exit; done;"
        " sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1");
}

Traffic::Traffic()
    : out_(open_device("g0")), in_(open_device("g1")), receiver_([this] { receive(); }), sender_([this] { send(); }) {}

Traffic::~Traffic() {
  stop();
  close(out_);
  close(in_);
}

Traffic::Counts Traffic::stop() {
  sending_ = false;
  if (sender_.joinable())
    sender_.join();
  receiving_ = false;
  if (receiver_.joinable())
    receiver_.join();
  return counts_;
}

void Traffic::send() {
  std::vector<Frame> frames;
  for (std::size_t kind = 0; kind < frame_kinds; ++kind)
    for (const bool to_drop : {false, true})
      frames.push_back(make_frame(kind, to_drop));
  for (; sending_; ++counts_.sent) {
    for (const auto &frame : frames)
      EXPECT_GT(::send(out_, frame.data(), frame.size(), 0), 0);
    std::this_thread::sleep_for(pause);
  }
}

void Traffic::receive() {
  std::array<unsigned char, 2048> frame{};
  pollfd waiting{in_, POLLIN, 0};
  // What has been sent is there some milliseconds later.
  while (poll(&waiting, 1, 200) > 0 || receiving_)
    if (const auto size = recv(in_, frame.data(), frame.size(), MSG_DONTWAIT); size > 0)
      count(frame.data(), static_cast<std::size_t>(size));
}

void Traffic::count(const unsigned char *frame, std::size_t size) {
  const auto *end = frame + size;
  const auto *found = std::search(frame, end, signature.begin(), signature.end());
  if (end - found < static_cast<std::ptrdiff_t>(signature.size() + 2))
    return;
  const std::size_t kind = found[signature.size()];
  if (kind < frame_kinds)
    ++(found[signature.size() + 1] != 0 ? counts_.leaked : counts_.passed)[kind];
}

} // namespace nwgate::test
