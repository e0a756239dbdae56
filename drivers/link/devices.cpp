// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/link/devices.h"

#include "engine/base/handle.h"

#include <array>
#include <cerrno>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string_view>
#include <vector>

namespace nwgate::link {
namespace {

using MnlSocket = Handle<mnl_socket, mnl_socket_close>;
using DeviceMap = std::unordered_map<std::string, Device>;

/// A list of all devices costs the kernel as much as about so many questions for one that does not exist.
constexpr int most_asked_alone = 16;
/// What the kernel takes for a part of a dump at most (NLMSG_GOODSIZE, or what the reader offers up to 32 kB).
constexpr std::size_t receive_size = 32768;
/// Dumps that devices came or went under.
constexpr int most_attempts = 16;

struct Found {
  std::string name;
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
  if (type == IFLA_IFNAME)
    found.name = mnl_attr_get_str(attribute);
  else if (type == IFLA_MASTER)
    found.has_master = true;
  else if (type == IFLA_LINKINFO)
    mnl_attr_parse_nested(attribute, take_info, data);
  return MNL_CB_OK;
}

Attachment attachment_of(const Found &found) {
  if (found.kind == "macvtap" || found.kind == "macvlan")
    return Attachment::macvtap;
  if (found.master_kind == "bridge")
    return Attachment::bridge_port;
  // A device in a VRF is routed.
  return found.has_master && found.master_kind != "vrf" ? Attachment::other_switch : Attachment::routed;
}

int take_message(const nlmsghdr *message, void *data) {
  Found found;
  const auto result = mnl_attr_parse(message, sizeof(ifinfomsg), take_link, &found);
  const auto *info = static_cast<const ifinfomsg *>(mnl_nlmsg_get_payload(message));
  static_cast<DeviceMap *>(data)->insert_or_assign(
      found.name, Device{static_cast<std::uint32_t>(info->ifi_index), attachment_of(found)});
  return result;
}

/// The device of that name, or all of them if there is no name. EINTR: the list changed meanwhile.
Result<DeviceMap> ask(const char *name) {
  const std::string what =
      name == nullptr ? "cannot list the network devices" : std::string("cannot ask the kernel about device ") + name;
  const MnlSocket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0)
    return fail(what, errno);
  std::vector<char> buffer(receive_size);
  nlmsghdr *request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETLINK;
  request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | (name == nullptr ? NLM_F_DUMP : NLM_F_ACK));
  request->nlmsg_seq = 1;
  auto *info = static_cast<ifinfomsg *>(mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg)));
  info->ifi_family = AF_UNSPEC;
  mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  if (name != nullptr)
    mnl_attr_put_strz(request, IFLA_IFNAME, name);
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0)
    return fail(what, errno);
  DeviceMap devices;
  int result = MNL_CB_OK;
  while (result > MNL_CB_STOP) {
    const auto size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (size < 0)
      return fail(what, errno);
    result = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 1, mnl_socket_get_portid(socket.get()),
                        take_message, &devices);
    if (result < 0 && errno == ENODEV)
      return devices;
    if (result < 0)
      return fail(what, errno);
  }
  return devices;
}

Result<DeviceMap> list() {
  auto devices = ask(nullptr);
  for (int attempt = 1; !devices && devices.error().code() == EINTR && attempt < most_attempts; ++attempt)
    devices = ask(nullptr);
  return devices;
}

} // namespace

Result<std::optional<Device>> Devices::find(const std::string &name) {
  if (!all_ && asked_ == most_asked_alone) {
    auto devices = list();
    if (!devices)
      return fail(std::move(devices.error()));
    all_ = std::move(*devices);
  }
  const auto in = [&](const DeviceMap &devices) {
    const auto found = devices.find(name);
    return found == devices.end() ? std::nullopt : std::optional(found->second);
  };
  if (all_)
    return in(*all_);
  ++asked_;
  auto devices = ask(name.c_str());
  if (!devices)
    return fail(std::move(devices.error()));
  return in(*devices);
}

bool is_device(std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(index, name.data()) != nullptr;
}

} // namespace nwgate::link
