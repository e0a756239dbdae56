// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cgroup_judges.h"

#include "tests/support/bridge_checks.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace nwgate::packets {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t link_header = 14;
constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv6_header = 40;

std::uint32_t u16(const Bytes &frame, std::size_t at) {
  return frame.size() < at + 2 ? 0 : static_cast<std::uint32_t>(frame[at]) << 8U | frame[at + 1];
}

template <typename T> T must(Result<T> result) {
  if (!result)
    throw std::system_error(result.error().code(), std::generic_category(), result.error().message());
  return std::move(*result);
}

void move_to(const std::string &directory) {
  std::ofstream members(directory + "/cgroup.procs");
  members << getpid() << std::flush;
  if (!members)
    throw std::system_error(errno, std::generic_category(), directory);
}

/// For what has a header of its own.
bpf::Descriptor raw_socket(int family) {
  bpf::Descriptor opened(::socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!opened)
    throw std::system_error(errno, std::generic_category(), "raw socket");
  return opened;
}

/// Packets go to a neighbour that is not there, wherever they say they go.
constexpr auto device_lines = "link set lo up\n"
                              "link add d0 type veth peer name d1\n"
                              "addr add 10.9.0.1/24 dev d0\n"
                              "addr add fd09::1/64 dev d0 nodad\n"
                              "link set d0 up\n"
                              "link set d1 up\n"
                              "neigh add 10.9.0.2 lladdr 52:54:00:00:00:02 dev d0 nud permanent\n"
                              "neigh add fd09::2 lladdr 52:54:00:00:00:02 dev d0 nud permanent\n";

ssize_t send_to_neighbour(int socket, int family, const Bytes &frame) {
  const auto *packet = frame.data() + link_header;
  const auto size = frame.size() - link_header;
  if (family == AF_INET) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    inet_pton(AF_INET, "10.9.0.2", &to.sin_addr);
    return sendto(socket, packet, size, 0, reinterpret_cast<const sockaddr *>(&to), sizeof to);
  }
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "fd09::2", &to.sin6_addr);
  return sendto(socket, packet, size, 0, reinterpret_cast<const sockaddr *>(&to), sizeof to);
}

} // namespace

std::string BpfJudge::take(const ClosedProgram &program) {
  programs_.clear();
  with_lookups_.clear();
  bpf::CompileLimits as_lookups;
  as_lookups.lookup_from = {2, 2};
  for (const auto direction : {Direction::out, Direction::in})
    for (const auto &[programs, limits] :
         {std::pair(&programs_, bpf::CompileLimits()), std::pair(&with_lookups_, as_lookups)}) {
      auto loaded = runner_.load(program, direction, limits);
      if (auto *why = std::get_if<std::string>(&loaded))
        return std::move(*why);
      programs->emplace(direction, std::get<bpf::LoadedProgram>(std::move(loaded)));
    }
  return {};
}

std::optional<bool> BpfJudge::run(const Programs &programs, Direction direction, const Bytes &frame) const {
  const auto type = u16(frame, 12);
  const auto program = programs.find(direction);
  if (program == programs.end() || (type != ETH_P_IP && type != ETH_P_IPV6))
    return std::nullopt;
  return runner_.passes(program->second, frame);
}

std::optional<bool> BpfJudge::passes(Direction direction, const Bytes &frame) const {
  return run(programs_, direction, frame);
}

std::optional<bool> BpfJudge::passes_with_lookups(Direction direction, const Bytes &frame) const {
  return run(with_lookups_, direction, frame);
}

SocketJudge::SocketJudge(const Engine &engine)
    : engine_(engine), space_(Namespace::create()), cgroups_(must(cgroup::Hierarchy::find())),
      cgroup_(fmt::format("/nwgate-judges-{}", getpid())) {
  const auto own = cgroups_.directory_of(must(cgroups_.own()));
  const Within there(space_);
  set_sysctl("ipv6/conf/default/router_solicitations", "0");
  ip_commands(device_lines);
  device_.emplace(space_, "d0", Tap::Side::sent);
  if (const auto made = cgroups_.make(cgroup_); !made)
    throw std::system_error(made.error().code(), std::generic_category(), made.error().message());
  // A socket is for ever of the cgroup that it was made in.
  move_to(cgroups_.directory_of(cgroup_));
  open_sockets();
  move_to(own);
}

SocketJudge::~SocketJudge() {
  const auto removed = cgroups_.remove(cgroup_);
  EXPECT_TRUE(removed) << removed.error().message();
}

void SocketJudge::open_sockets() {
  ipv4_ = raw_socket(AF_INET);
  ipv6_ = raw_socket(AF_INET6);
  const int yes = 1;
  EXPECT_EQ(setsockopt(ipv6_.get(), IPPROTO_IPV6, IPV6_HDRINCL, &yes, sizeof yes), 0);
}

std::string SocketJudge::take(const std::string &filter, const Parameters &parameters) {
  const Within there(space_);
  std::vector<std::string> words = {"bind", "--cgroup", cgroup_, "--backend", "nftables", "--filter", filter};
  for (const auto &[name, value] : parameters)
    words.insert(words.end(), {"-p", fmt::format("{}={}", name, value)});
  const auto outcome = engine_.command(words);
  device_->take();
  return outcome.ok() ? "" : outcome.errors + outcome.output;
}

void SocketJudge::leave() {
  const Within there(space_);
  engine_.unbind(cgroup_);
}

std::optional<bool> SocketJudge::passes(const Bytes &frame) {
  const int family = u16(frame, 12) == ETH_P_IP ? AF_INET : AF_INET6;
  const auto sent = send_to_neighbour(family == AF_INET ? ipv4_.get() : ipv6_.get(), family, frame);
  if (sent < 0 && errno != EPERM)
    return std::nullopt;
  const auto seen = device_->take();
  const bool has_left = std::ranges::any_of(seen, [&](const TappedFrame &tapped) {
    return tapped.bytes.size() == frame.size() &&
           std::equal(frame.begin() + link_header, frame.end(), tapped.bytes.begin() + link_header);
  });
  EXPECT_EQ(has_left, sent >= 0) << "what sendto(2) says";
  return has_left;
}

std::optional<Bytes> as_sent_by_socket(const Bytes &frame) {
  const auto type = u16(frame, 12);
  const bool is_v4 = type == ETH_P_IP;
  const auto header = is_v4 ? ipv4_header : ipv6_header;
  if ((!is_v4 && type != ETH_P_IPV6) || frame.size() < link_header + header ||
      frame[link_header] >> 4U != (is_v4 ? 4 : 6))
    return std::nullopt;
  const auto length = is_v4 ? u16(frame, link_header + 2) : u16(frame, link_header + 4) + ipv6_header;
  if (length < header || frame.size() < link_header + length)
    return std::nullopt;
  auto sent = frame;
  sent.resize(link_header + length);
  if (!is_v4) { // the kernel sends none to a group of this node alone (ip6_finish_output2)
    const bool stays_here = sent[link_header + 24] == 0xff && (sent[link_header + 25] & 0xfU) <= 1;
    return stays_here ? std::nullopt : std::optional(std::move(sent));
  }
  const auto own_length = (sent[link_header] & 0xfU) * 4UL;
  const bool has_source = std::any_of(sent.begin() + link_header + 12, sent.begin() + link_header + 16,
                                      [](std::uint8_t byte) { return byte != 0; });
  if (own_length < ipv4_header || own_length > length || !has_source) // the kernel would put in one
    return std::nullopt;
  if (u16(sent, link_header + 4) == 0) // nor does it leave this
    sent[link_header + 5] = 1;
  test::write_ipv4_checksum(sent);
  return sent;
}

} // namespace nwgate::packets
