// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sends UDP datagrams from one socket of a cgroup to another on the loopback device, and says what a packet took.
///
/// usage: loopback_sender DIRECTORY time MILLISECONDS
///        loopback_sender DIRECTORY try SOURCE DESTINATION PORT
///
/// Root, in a network namespace whose loopback device is up; moves itself to the cgroup of that directory first, so
/// that both sockets are of it. Frames have 64 bytes with the header of the link, as packet_sender's.
///
/// `time` sends and receives packets of one connection, from 127.0.0.1 to 127.0.0.2, port number 4000 at either end.
/// The system call that sends carries the packet to the other socket's queue, on the processor that called. Prints the
/// nanoseconds per packet, with the call that receives it (the median of batches of a millisecond or so: what
/// interrupts a batch does not count), and how many packets were sent.
///
/// `try` sends one packet, from the same port number, and prints `passes` or `drops`.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint16_t port_number = 4000;
constexpr int warm_up = 200;
constexpr std::size_t payload_size = 22;
/// Of a packet that is not dropped.
constexpr int longest_way_ms = 100;

[[noreturn]] void fail(const std::string &what) {
  std::perror(("loopback_sender: " + what).c_str());
  std::exit(4);
}

void move_to_cgroup(const std::string &directory) {
  std::ofstream members(directory + "/cgroup.procs");
  members << getpid() << std::flush;
  if (!members)
    fail(directory);
}

void use_one_processor() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(0, &processors);
  if (sched_setaffinity(0, sizeof processors, &processors) < 0)
    fail("sched_setaffinity");
  if (setpriority(PRIO_PROCESS, 0, -20) < 0)
    fail("setpriority");
}

sockaddr_in end_of(const char *address, std::uint16_t port) {
  sockaddr_in end{};
  end.sin_family = AF_INET;
  end.sin_port = htons(port);
  if (inet_pton(AF_INET, address, &end.sin_addr) != 1)
    fail(address);
  return end;
}

int socket_at(const sockaddr_in &end) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (bind(socket, reinterpret_cast<const sockaddr *>(&end), sizeof end) < 0)
    fail("bind");
  return socket;
}

void connect_to(int socket, const sockaddr_in &end) {
  if (connect(socket, reinterpret_cast<const sockaddr *>(&end), sizeof end) < 0)
    fail("connect");
}

void carry(int from, int to) {
  std::array<char, payload_size> payload{};
  if (send(from, payload.data(), payload.size(), 0) < 0)
    fail("send");
  if (recv(to, payload.data(), payload.size(), 0) < 0)
    fail("recv");
}

/// Answers the nanoseconds of each packet.
double carry_batch(int from, int to, long packets) {
  const auto start = Clock::now();
  for (long packet = 0; packet < packets; ++packet)
    carry(from, to);
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / static_cast<double>(packets);
}

void measure(std::chrono::milliseconds duration) {
  use_one_processor();
  const auto near = end_of("127.0.0.1", port_number);
  const auto far = end_of("127.0.0.2", port_number);
  const int sender = socket_at(near);
  const int receiver = socket_at(far);
  connect_to(sender, far);
  connect_to(receiver, near);
  const timeval longest{1, 0};
  for (const int socket : {sender, receiver})
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
  carry(sender, receiver);
  carry(receiver, sender); // from here on the connection is established
  const double first = carry_batch(sender, receiver, warm_up);
  const auto batch = std::clamp(static_cast<long>(1e6 / first), 1L, 1000L);
  long sent = warm_up;
  std::vector<double> times;
  for (const auto start = Clock::now(); times.size() < 5 || Clock::now() - start < duration; sent += batch)
    times.push_back(carry_batch(sender, receiver, batch));
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  std::printf("%.1f %ld\n", *middle, sent);
}

bool passes(const sockaddr_in &source, const sockaddr_in &destination) {
  const std::array<char, payload_size> payload{};
  const int sender = socket_at(source);
  const int receiver = socket_at(destination);
  if (sendto(sender, payload.data(), payload.size(), 0, reinterpret_cast<const sockaddr *>(&destination),
             sizeof destination) < 0)
    return false;
  pollfd waiting{receiver, POLLIN, 0};
  return poll(&waiting, 1, longest_way_ms) == 1;
}

} // namespace

int main(int argc, char **argv) {
  const std::string task = argc > 2 ? argv[2] : "";
  if (!(task == "time" && argc == 4) && !(task == "try" && argc == 6)) {
    std::fputs("usage: loopback_sender DIRECTORY time MILLISECONDS\n"
               "       loopback_sender DIRECTORY try SOURCE DESTINATION PORT\n",
               stderr);
    return 2;
  }
  move_to_cgroup(argv[1]);
  if (task == "time") {
    measure(std::chrono::milliseconds(std::atoi(argv[3])));
    return 0;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[5]));
  std::puts(passes(end_of(argv[3], port), end_of(argv[4], port)) ? "passes" : "drops");
  return 0;
}
