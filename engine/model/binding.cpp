// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/binding.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace nwgate {

bool is_port_name(std::string_view name) {
  return !name.empty() && name.size() <= max_port_name && name != "." && name != ".." &&
         std::ranges::none_of(name,
                              [](unsigned char c) { return c == '/' || c == ':' || c == 0 || std::isspace(c) != 0; });
}

namespace {

constexpr std::array<std::pair<Backend, std::string_view>, 3> backends = {
    {{Backend::automatic, "auto"}, {Backend::nftables, "nftables"}, {Backend::bpf, "bpf"}}};

} // namespace

std::string_view name_of(Backend backend) {
  return std::ranges::find(backends, backend, &std::pair<Backend, std::string_view>::first)->second;
}

std::optional<Backend> find_backend(std::string_view name) {
  const auto *found = std::ranges::find(backends, name, &std::pair<Backend, std::string_view>::second);
  return found == backends.end() ? std::nullopt : std::optional(found->first);
}

} // namespace nwgate
