// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/bpf/cgroup_fixture.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace nwgate::bpf::testing {
namespace {

namespace fs = std::filesystem;

/// Where the cgroups of version 2 are mounted; empty if nowhere.
std::string cgroup_mount() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto separator = line.find(" - cgroup2 ");
    if (separator == std::string::npos)
      continue;
    std::istringstream words(line);
    std::string ignored, path;
    words >> ignored >> ignored >> ignored >> ignored >> path;
    return path;
  }
  return {};
}

/// The cgroup of version 2 that this process is in: a path that begins with `/`.
std::string own_cgroup() {
  std::ifstream cgroups("/proc/self/cgroup");
  for (std::string line; std::getline(cgroups, line);)
    if (line.starts_with("0::"))
      return line.substr(3);
  return "/";
}

void set_loopback_up() {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  ASSERT_EQ(ioctl(socket.get(), SIOCSIFFLAGS, &request), 0) << std::strerror(errno);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr *get() const { return reinterpret_cast<const sockaddr *>(&storage); }
};

Address loopback(int family, std::uint16_t port) {
  Address address;
  if (family == AF_INET) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.size = sizeof ipv4;
    std::memcpy(&address.storage, &ipv4, sizeof ipv4);
  } else {
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    ipv6.sin6_addr = in6addr_loopback;
    address.size = sizeof ipv6;
    std::memcpy(&address.storage, &ipv6, sizeof ipv6);
  }
  return address;
}

} // namespace

void CgroupTest::SetUp() {
  BpfTest::SetUp();
  if (IsSkipped() || HasFatalFailure())
    return;
  const auto top = cgroup_mount();
  if (top.empty())
    return give_up("cgroups of version 2 are not mounted");
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
    return give_up(std::string("cannot make namespaces: ") + std::strerror(errno));
  ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  set_loopback_up();
  std::string name = fs::temp_directory_path() / "nwgate-bpf-XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  mount_ = name;
  ASSERT_EQ(mount("bpf", mount_.c_str(), "bpf", 0, nullptr), 0) << std::strerror(errno);
  own_cgroup_path_ = top + own_cgroup();
  cgroup_path_ = top + "/nwgate-test-" + std::to_string(getpid());
  make_cgroup_again();
}

void CgroupTest::TearDown() {
  if (!cgroup_path_.empty()) {
    const auto detached = detach(bpf(), pins());
    EXPECT_TRUE(detached) << detached.error().message();
    remove_cgroup();
  }
  if (!mount_.empty()) {
    umount2(mount_.c_str(), MNT_DETACH);
    rmdir(mount_.c_str());
  }
}

void CgroupTest::make_cgroup_again() {
  remove_cgroup();
  ASSERT_EQ(mkdir(cgroup_path_.c_str(), 0755), 0) << cgroup_path_ << ": " << std::strerror(errno);
  cgroup_ = Descriptor(open(cgroup_path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(cgroup_);
}

void CgroupTest::remove_cgroup() {
  cgroup_ = Descriptor();
  const int status = rmdir(cgroup_path_.c_str());
  EXPECT_TRUE(status == 0 || errno == ENOENT) << cgroup_path_ << ": " << std::strerror(errno);
}

void CgroupTest::move_to(const std::string &path) {
  std::ofstream members(path + "/cgroup.procs");
  members << getpid() << std::flush;
  ASSERT_TRUE(members) << path;
}

CgroupFilter CgroupTest::filter_of(const ClosedProgram &program, const CompileLimits &limits) {
  CgroupFilter filter;
  for (const auto direction : {Direction::out, Direction::in}) {
    auto compiled = compile(program, direction, limits);
    if (auto *refusals = std::get_if<std::vector<Refusal>>(&compiled)) {
      ADD_FAILURE() << to_string(*refusals);
      return filter;
    }
    (direction == Direction::out ? filter.out : filter.in) = std::get<CgroupProgram>(std::move(compiled));
  }
  return filter;
}

void CgroupTest::must_attach(const CgroupFilter &filter) {
  const auto attached = attach(bpf(), filter, cgroup(), pins());
  ASSERT_TRUE(attached) << attached.error().message();
}

int CgroupTest::attached_count(Direction direction) {
  std::array<std::uint32_t, 16> ids{};
  bpf_attr query{};
  query.query.target_fd = static_cast<std::uint32_t>(cgroup());
  query.query.attach_type = direction == Direction::out ? BPF_CGROUP_INET_EGRESS : BPF_CGROUP_INET_INGRESS;
  query.query.prog_ids = reinterpret_cast<std::uintptr_t>(ids.data());
  query.query.prog_cnt = ids.size();
  EXPECT_EQ(syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof query), 0) << std::strerror(errno);
  return static_cast<int>(query.query.prog_cnt);
}

Descriptor CgroupTest::socket_of_cgroup(int family, int type) {
  move_to(cgroup_path_);
  auto opened = socket_outside(family, type);
  move_to(own_cgroup_path_);
  return opened;
}

Descriptor CgroupTest::socket_outside(int family, int type) {
  Descriptor opened(::socket(family, type | SOCK_CLOEXEC, 0));
  EXPECT_TRUE(opened) << std::strerror(errno);
  return opened;
}

void bind_to(const Descriptor &socket, int family, std::uint16_t port) {
  const auto address = loopback(family, port);
  const int yes = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  ASSERT_EQ(bind(socket.get(), address.get(), address.size), 0) << std::strerror(errno);
}

int send_to(const Descriptor &socket, int family, std::uint16_t port, const std::string &data) {
  const auto address = loopback(family, port);
  const auto sent = sendto(socket.get(), data.data(), data.size(), 0, address.get(), address.size);
  return sent < 0 ? errno : 0;
}

int connect_to(const Descriptor &socket, int family, std::uint16_t port, std::chrono::milliseconds longest) {
  const auto address = loopback(family, port);
  const int flags = fcntl(socket.get(), F_GETFL);
  fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK);
  if (connect(socket.get(), address.get(), address.size) != 0 && errno != EINPROGRESS)
    return errno;
  pollfd waiting{socket.get(), POLLOUT, 0};
  if (poll(&waiting, 1, static_cast<int>(longest.count())) == 0)
    return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  fcntl(socket.get(), F_SETFL, flags);
  return error;
}

bool has_arrived(const Descriptor &socket) {
  pollfd waiting{socket.get(), POLLIN, 0};
  return poll(&waiting, 1, 0) == 1;
}

} // namespace nwgate::bpf::testing
