// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/link/attachment.h"

#include "engine/base/handle.h"

#include <array>
#include <cerrno>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string_view>

namespace nwgate::link {
namespace {

using MnlSocket = Handle<mnl_socket, mnl_socket_close>;

struct Found {
  bool has_master = false;
  std::string kind, master_kind;
};

int take_info(const nlattr *attribute, void *data) {
  auto &found = *static_cast<Found *>(data);
  const auto type = mnl_attr_get_type(attribute);
  if (type == IFLA_INFO_KIND)
    found.kind = mnl_attr_get_str(attribute);
  else if (type == IFLA_INFO_SLAVE_KIND)
    found.master_kind = mnl_attr_get_str(attribute);
  return MNL_CB_OK;
}

int take_link(const nlattr *attribute, void *data) {
  auto &found = *static_cast<Found *>(data);
  const auto type = mnl_attr_get_type(attribute);
  if (type == IFLA_MASTER)
    found.has_master = true;
  else if (type == IFLA_LINKINFO)
    mnl_attr_parse_nested(attribute, take_info, data);
  return MNL_CB_OK;
}

int take_message(const nlmsghdr *message, void *data) {
  return mnl_attr_parse(message, sizeof(ifinfomsg), take_link, data);
}

} // namespace

Result<Attachment> attachment_of(const std::string &device) {
  const std::string what = "cannot ask the kernel about device " + device;
  const MnlSocket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0)
    return fail(what, errno);
  std::array<char, 16384> buffer{};
  nlmsghdr *request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETLINK;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request->nlmsg_seq = 1;
  auto *info = static_cast<ifinfomsg *>(mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg)));
  info->ifi_family = AF_UNSPEC;
  mnl_attr_put_strz(request, IFLA_IFNAME, device.c_str());
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0)
    return fail(what, errno);
  Found found;
  int result = MNL_CB_OK;
  while (result > MNL_CB_STOP) {
    const auto size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (size < 0)
      return fail(what, errno);
    result = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 1, mnl_socket_get_portid(socket.get()),
                        take_message, &found);
    if (result < 0 && errno == ENODEV)
      return Attachment::absent;
    if (result < 0)
      return fail(what, errno);
  }
  if (found.kind == "macvtap" || found.kind == "macvlan")
    return Attachment::macvtap;
  if (found.master_kind == "bridge")
    return Attachment::bridge_port;
  // A device in a VRF is routed.
  return found.has_master && found.master_kind != "vrf" ? Attachment::other_switch : Attachment::routed;
}

} // namespace nwgate::link
