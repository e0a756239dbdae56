// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wire.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <map>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace nwgate::packets {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

#ifndef PACKET_IGNORE_OUTGOING
constexpr int PACKET_IGNORE_OUTGOING = 23;
#endif

constexpr std::string_view marker_prefix = "nwgate:";
constexpr std::size_t marker_size = 16;

/// No two frames of a test have the same, of whichever wire they are.
std::string new_marker() {
  static std::uint32_t last = 0;
  return fmt::format("{}{:08x}.", marker_prefix, ++last);
}

/// The marker in a frame, or nothing.
std::string find_marker(const std::vector<std::uint8_t> &bytes) {
  const std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  const auto at = text.rfind(marker_prefix);
  return at == std::string_view::npos ? std::string{} : std::string(text.substr(at, marker_size));
}

constexpr std::ptrdiff_t tag_place = 12;

/// The kernel takes the tag of a VLAN out of a frame and tells it beside.
void put_tag_back(const tpacket_auxdata &data, std::vector<std::uint8_t> &bytes) {
  const std::uint16_t type = (data.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? data.tp_vlan_tpid : ETH_P_8021Q;
  const auto high = [](unsigned number) { return static_cast<std::uint8_t>(number >> 8U); };
  const auto low = [](unsigned number) { return static_cast<std::uint8_t>(number); };
  const std::array tag{high(type), low(type), high(data.tp_vlan_tci), low(data.tp_vlan_tci)};
  bytes.insert(bytes.begin() + tag_place, tag.begin(), tag.end());
}

/// The frames of one sender are handled where it sends them: on one processor they keep their order.
void stay_on_this_processor() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(static_cast<std::size_t>(sched_getcpu()), &processors);
  EXPECT_EQ(sched_setaffinity(0, sizeof processors, &processors), 0);
}

} // namespace

PacketSocket::PacketSocket(const Namespace &space, const std::string &device) {
  const Within there(space);
  descriptor_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
  const int yes = 1;
  setsockopt(descriptor_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
  setsockopt(descriptor_, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof yes);
  const int size = 8 << 20;
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(device.c_str()));
  if (bind(descriptor_, reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
    throw std::system_error(errno, std::generic_category(), "packet socket on " + device);
}

PacketSocket::PacketSocket(PacketSocket &&other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

PacketSocket::~PacketSocket() {
  if (descriptor_ >= 0)
    close(descriptor_);
}

void PacketSocket::send(const std::vector<std::uint8_t> &bytes) const {
  EXPECT_EQ(::send(descriptor_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()))
      << std::generic_category().message(errno);
}

std::vector<std::uint8_t> PacketSocket::receive(milliseconds patience) const {
  pollfd poll_me{descriptor_, POLLIN, 0};
  if (poll(&poll_me, 1, static_cast<int>(patience.count())) <= 0)
    return {};
  std::vector<std::uint8_t> bytes(4096);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto size = recvmsg(descriptor_, &message, MSG_DONTWAIT);
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  if (const cmsghdr *header = CMSG_FIRSTHDR(&message); header != nullptr && bytes.size() >= tag_place) {
    tpacket_auxdata data{};
    std::memcpy(&data, CMSG_DATA(header), sizeof data);
    if ((data.tp_status & TP_STATUS_VLAN_VALID) != 0)
      put_tag_back(data, bytes);
  }
  return bytes;
}

Wire::Wire(const Network &network) : Wire(network, "v1p") {}

Wire::Wire(const Network &network, const std::string &peer_device)
    : workload_(network.workload(), "v0p"), peer_(network.peer(), peer_device) {
  stay_on_this_processor();
  wait_for_carrier();
}

bool Wire::send_fence(const PacketSocket &from, const PacketSocket &to, const Take &take, milliseconds patience) {
  const auto fence = new_marker();
  from.send(bytes_of(Ether{.type = fence_type}, fence));
  for (const auto end = Clock::now() + patience; Clock::now() < end;) {
    const auto bytes = to.receive(std::chrono::duration_cast<milliseconds>(end - Clock::now()));
    if (find_marker(bytes) == fence)
      return true;
    if (!bytes.empty())
      take(bytes);
  }
  return false;
}

void Wire::wait_for_carrier() const {
  const auto nothing = [](const std::vector<std::uint8_t> & /*bytes*/) {};
  const auto works = [&](const PacketSocket &from, const PacketSocket &to) {
    for (int attempt = 0; attempt < 200; ++attempt)
      if (send_fence(from, to, nothing, milliseconds(20)))
        return true;
    return false;
  };
  EXPECT_TRUE(works(workload_, peer_)) << "no frame passes the bridge";
  EXPECT_TRUE(works(peer_, workload_)) << "no frame passes the bridge back";
}

std::vector<bool> Wire::send(Sender sender, const std::vector<Frame> &frames) {
  const auto &from = sender == Sender::workload ? workload_ : peer_;
  const auto &to = sender == Sender::workload ? peer_ : workload_;
  std::vector<std::string> markers;
  for (const auto &frame : frames) {
    markers.push_back(new_marker());
    from.send(bytes_of(frame, markers.back()));
  }
  sent_ += frames.size();
  std::map<std::string, int> arrived;
  const auto take = [&](const auto &bytes) { ++arrived[find_marker(bytes)]; };
  EXPECT_TRUE(send_fence(from, to, take, milliseconds(5000))) << "the fence does not arrive";
  std::vector<bool> answer;
  for (const auto &marker : markers) {
    const auto found = arrived.find(marker);
    EXPECT_TRUE(found == arrived.end() || found->second == 1) << "a frame arrived more than once";
    answer.push_back(found != arrived.end());
  }
  return answer;
}

std::vector<bool> Wire::send_bytes(Sender sender, const std::vector<std::vector<std::uint8_t>> &frames) {
  const auto &from = sender == Sender::workload ? workload_ : peer_;
  const auto &to = sender == Sender::workload ? peer_ : workload_;
  for (const auto &frame : frames)
    from.send(frame);
  sent_ += frames.size();
  std::vector<bool> answer(frames.size());
  auto next = frames.begin(); // they keep their order
  const auto take = [&](const std::vector<std::uint8_t> &bytes) {
    auto found = std::find(next, frames.end(), bytes);
    if (found == frames.end())
      found = std::find_if(next, frames.end(), [&](const auto &frame) {
        return frame.size() > bytes.size() && std::equal(bytes.begin(), bytes.end(), frame.begin());
      });
    if (found == frames.end())
      return;
    answer[static_cast<std::size_t>(found - frames.begin())] = true;
    next = found + 1;
  };
  EXPECT_TRUE(send_fence(from, to, take, milliseconds(5000))) << "the fence does not arrive";
  return answer;
}

} // namespace nwgate::packets
