// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sends UDP datagrams from one processor, and says what a packet took.
///
/// usage: packet_sender ADDRESS MILLISECONDS      (root, in the network namespace of the sender)
///
/// Frames have 64 bytes; port number 4000 at either end; the address may be that of a broadcast. Between veth devices
/// the sender's system call carries a frame as far as it goes, through the bridge to the receiver's socket, on the
/// processor that called: the time of a call is the time of the whole way. Prints the nanoseconds per packet (the
/// median of batches of a millisecond or so: what interrupts a batch does not count), and how many packets were sent.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr in_port_t port_number = 4000;
constexpr int warm_up = 200;

[[noreturn]] void fail(const char *what) {
  std::perror(what);
  std::exit(4);
}

void use_one_processor() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(0, &processors);
  if (sched_setaffinity(0, sizeof processors, &processors) < 0)
    fail("packet_sender: sched_setaffinity");
  if (setpriority(PRIO_PROCESS, 0, -20) < 0)
    fail("packet_sender: setpriority");
}

int connected_socket(const char *address) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in end{};
  end.sin_family = AF_INET;
  end.sin_port = htons(port_number);
  if (bind(socket, reinterpret_cast<const sockaddr *>(&end), sizeof end) < 0)
    fail("packet_sender: bind");
  if (inet_pton(AF_INET, address, &end.sin_addr) != 1 ||
      connect(socket, reinterpret_cast<const sockaddr *>(&end), sizeof end) < 0)
    fail("packet_sender: connect");
  return socket;
}

/// Answers the nanoseconds of each packet.
double send_batch(int socket, long packets) {
  static constexpr std::array<char, 22> payload{};
  const auto start = Clock::now();
  for (long packet = 0; packet < packets; ++packet)
    if (send(socket, payload.data(), payload.size(), 0) < 0)
      fail("packet_sender: send");
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / static_cast<double>(packets);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fputs("usage: packet_sender ADDRESS MILLISECONDS\n", stderr);
    return 2;
  }
  use_one_processor();
  const int socket = connected_socket(argv[1]);
  const std::chrono::milliseconds duration(std::atoi(argv[2]));
  long sent = warm_up;
  const double first = send_batch(socket, warm_up);
  const auto batch = std::clamp(static_cast<long>(1e6 / first), 1L, 1000L);
  std::vector<double> times;
  for (const auto start = Clock::now(); times.size() < 5 || Clock::now() - start < duration; sent += batch)
    times.push_back(send_batch(socket, batch));
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  std::printf("%.1f %ld\n", *middle, sent);
  return 0;
}
