// SPDX-License-Identifier: LGPL-2.1-or-later
/// The network of a test: a host with a bridge, a workload and a peer behind its ports.
///
///     workload            host                       peer
///       v0p  ----------  v0 \                    .-- v1p
///                            br0 ------------ v1
///
/// Each of the three is a network namespace; the test's thread stays in the host's.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace nwgate::packets {

/// A network namespace, held by its file descriptor.
class Namespace {
public:
  /// A new one; the thread stays where it is. Throws std::system_error.
  static Namespace create();
  /// The one that the thread is in.
  static Namespace current();
  Namespace(Namespace &&other) noexcept;
  Namespace &operator=(Namespace &&) = delete;
  ~Namespace();

  /// A path by which other programs find it.
  [[nodiscard]] std::string path() const;
  void enter() const;

private:
  explicit Namespace(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

/// The thread is in a namespace as long as this lives.
class Within {
public:
  explicit Within(const Namespace &space) : before_(Namespace::current()) { space.enter(); }
  Within(const Within &) = delete;
  Within &operator=(const Within &) = delete;
  ~Within() { before_.enter(); }

private:
  Namespace before_;
};

constexpr auto workload_mac = "52:54:00:00:00:01";
constexpr auto peer_mac = "52:54:00:00:00:02";
constexpr auto host_mac = "52:54:00:00:00:fe";
constexpr auto workload_v4 = "10.0.0.1";
constexpr auto peer_v4 = "10.0.0.2";
constexpr auto host_v4 = "10.0.0.254";
constexpr auto workload_v6 = "fd00::1";
constexpr auto peer_v6 = "fd00::2";
constexpr auto host_v6 = "fd00::fe";

class Network {
public:
  /// The thread is in the host's namespace afterwards, and for good. Throws std::system_error if it may not.
  Network();

  [[nodiscard]] const Namespace &host() const { return host_; }
  [[nodiscard]] const Namespace &workload() const { return workload_; }
  [[nodiscard]] const Namespace &peer() const { return peer_; }

  /// Gives the three their addresses, and the neighbours', so that nobody asks for them; without, they are silent, and
  /// deaf but for what a test looks at itself.
  void add_addresses() const;
  /// One more port of the bridge; its other end stands in the peer's namespace as NAMEp, or under another name.
  void add_port(const std::string &name, const std::string &other_end = {}) const;
  /// Forgets all connections.
  void forget_connections() const;
  /// Whether connections are followed even if no rule of nwgate asks for them, as they are at first. Fragments are put
  /// together only where they are.
  void follow_connections(bool yes) const;

private:
  Namespace workload_;
  Namespace peer_;
  Namespace host_;
};

/// Commands of ip(8), one a line, in the thread's namespace.
void ip_commands(const std::string &lines);
/// Writes a value below /proc/sys/net of the thread's namespace.
void set_sysctl(const std::string &name, const std::string &value);

} // namespace nwgate::packets
