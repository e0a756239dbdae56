// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip_sets.h"

#include <cstring>
#include <linux/netfilter/ipset/ip_set.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace nwgate::xtables {
namespace {

/// One request through a socket of its own: sets are rare, and the socket belongs to the current network namespace.
template <typename Request> bool ask(Request &request) {
  const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0)
    return false;
  ip_set_req_version version{};
  version.op = IP_SET_OP_VERSION;
  socklen_t size = sizeof version;
  bool answered = getsockopt(socket_fd, IPPROTO_IP, SO_IP_SET, &version, &size) == 0;
  if (answered) {
    request.version = version.version;
    size = sizeof request;
    answered = getsockopt(socket_fd, IPPROTO_IP, SO_IP_SET, &request, &size) == 0;
  }
  close(socket_fd);
  return answered;
}

} // namespace

std::optional<std::uint16_t> HostIpSets::index_of(const std::string &name) const {
  ip_set_req_get_set request{};
  if (name.size() >= sizeof request.set.name)
    return std::nullopt;
  request.op = IP_SET_OP_GET_BYNAME;
  std::memcpy(request.set.name, name.c_str(), name.size() + 1);
  if (!ask(request) || request.set.index == IPSET_INVALID_ID)
    return std::nullopt;
  return request.set.index;
}

std::optional<std::string> HostIpSets::name_of(std::uint16_t index) const {
  ip_set_req_get_set request{};
  request.op = IP_SET_OP_GET_BYINDEX;
  request.set.index = index;
  if (!ask(request) || request.set.name[0] == '\0')
    return std::nullopt;
  return std::string(request.set.name, strnlen(request.set.name, sizeof request.set.name));
}

} // namespace nwgate::xtables
