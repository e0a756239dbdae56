// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/element_words.h"

#include "drivers/nftables/layout.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <string_view>
#include <utility>

namespace nwgate::nftables {
namespace {

using netlink::Bytes;

/// nft(8)'s numbers of types, as layout.cpp gives them.
std::pair<ValueKind, std::size_t> kind_of(std::uint32_t type) {
  switch (type) {
  case 7:
    return {ValueKind::ipv4, 4};
  case 8:
    return {ValueKind::ipv6, 16};
  case 9:
    return {ValueKind::mac, 6};
  case 10:
    return {ValueKind::ether_type, 2};
  case 13:
    return {ValueKind::number, 2};
  case 19:
    return {ValueKind::mark, 4};
  case 20:
    return {ValueKind::interface_index, 4};
  case 41:
    return {ValueKind::interface_name, 16};
  case 46:
    return {ValueKind::cgroup, 8};
  default:
    return {ValueKind::bytes, 4};
  }
}

struct Encoding {
  std::string_view name;
  ValueKind kind;
  std::size_t length;
};
constexpr std::array encodings = {
    Encoding{"mac", ValueKind::mac, 6},     Encoding{"ipv4", ValueKind::ipv4, 4},
    Encoding{"ipv6", ValueKind::ipv6, 16},  Encoding{"u8", ValueKind::number, 1},
    Encoding{"u16", ValueKind::number, 2},  Encoding{"dscp", ValueKind::dscp, 1},
    Encoding{"dscp6", ValueKind::dscp6, 2},
};

std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> words(1);
  for (const char c : text)
    if (c == separator)
      words.emplace_back();
    else
      words.back() += c;
  return words;
}

/// `ff:ff:ff:00:00:00` of `ffffff000000`.
std::string mac_mask(const std::string &digits) {
  std::string text;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    if (at > 0 && at % 2 == 0)
      text += ':';
    text += digits[at];
  }
  return text;
}

} // namespace

ElementReader::ElementReader(const std::string &set_name, const netlink::SetSpec &spec)
    : key_length_(spec.key_length), has_intervals_(spec.has_intervals()) {
  std::vector<std::uint32_t> types;
  for (auto type = spec.key_type; type != 0; type >>= 6U)
    types.insert(types.begin(), type & 0x3fU);
  std::size_t at = 0;
  for (const auto type : types) {
    const auto [kind, length] = kind_of(type);
    const auto rest = key_length_ > at ? key_length_ - at : 0;
    parts_.push_back({kind, at, std::min(length, rest), {}});
    at += (length + 3) / 4 * 4;
  }
  const auto is_port = [](const Part &part) {
    return part.kind == ValueKind::interface_name || part.kind == ValueKind::mark || part.kind == ValueKind::cgroup;
  };
  const bool by_classid = set_name.find("classid") != std::string::npos && set_name.find('/') == std::string::npos;
  // A class id is a plain number in front.
  port_ = by_classid ? 0 : static_cast<std::size_t>(std::ranges::find_if(parts_, is_port) - parts_.begin());
  if (spec.data_length > 0)
    data_ = {kind_of(spec.data_type).first, key_length_ * (has_intervals_ ? 2 : 1), spec.data_length, {}};
  name_parts(set_name);
}

/// `PROGRAM/VARIABLE.VARIABLE.ENCODING.ENCODING`, as Lookup::name() makes them. In front may be a port.
void ElementReader::name_parts(const std::string &set_name) {
  const auto slash = set_name.rfind('/');
  const std::size_t in_front = port_ == 0 ? 1 : 0;
  if (slash == std::string::npos || (port_ != 0 && port_ != parts_.size()) || parts_.size() <= in_front)
    return;
  auto words = split(set_name.substr(slash + 1), '.');
  if (words.back().find_first_not_of("0123456789") == std::string::npos) // the second of that name
    words.pop_back();
  const auto count = parts_.size() - in_front;
  if (words.size() <= count)
    return;
  const auto first = words.size() - count;
  for (std::size_t i = 0; i < count; ++i) {
    auto &part = parts_[i + in_front];
    const auto pieces = split(words[first + i], '-');
    const auto encoding = std::ranges::find(encodings, pieces.front(), &Encoding::name);
    if (encoding == encodings.end())
      return;
    part.kind = encoding->kind;
    part.length = std::min(encoding->length, key_length_ - part.offset);
    if (pieces.size() != 2 || pieces.back() == "range" || pieces.back() == "var")
      continue;
    part.mask = pieces.back();
    if (part.kind == ValueKind::mac)
      part.mask = mac_mask(pieces.back());
  }
  words.resize(first);
  has_one_variable_ = words.size() == 1;
  variables_ = fmt::format("{}", fmt::join(words, "."));
}

std::string ElementReader::part_text(const Part &part, Bytes element) const {
  const auto first = element.subspan(part.offset, part.length);
  auto text = has_intervals_ ? interval_text(part.kind, first, element.subspan(key_length_ + part.offset, part.length))
                             : value_text(part.kind, first);
  return part.mask.empty() ? text : text + "/" + part.mask;
}

Bytes ElementReader::port_key(Bytes element) const {
  return port_ < parts_.size() ? element.subspan(parts_[port_].offset, parts_[port_].length) : Bytes{};
}

ElementWords ElementReader::read(Bytes element) const {
  ElementWords words;
  if (element.size() < key_length_)
    return words;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (i != port_)
      values.push_back(part_text(parts_[i], element));
  if (has_one_variable_)
    values.erase(std::unique(values.begin(), values.end()), values.end());
  words.value = fmt::format("{}", fmt::join(values, " . "));
  if (data_ && element.size() >= data_->offset + data_->length)
    words.data = value_text(data_->kind, element.subspan(data_->offset, data_->length));
  if (port_ == parts_.size())
    return words;
  const auto key = port_key(element);
  if (parts_[port_].kind == ValueKind::interface_name)
    words.port = value_text(ValueKind::interface_name, key);
  else
    std::memcpy(&words.mark, key.data(), std::min(key.size(), sizeof words.mark));
  return words;
}

std::string ElementReader::nft_text(Bytes element) const {
  const auto quoted = [&](const Part &part, std::string text) {
    return part.kind == ValueKind::interface_name ? fmt::format("\"{}\"", text) : std::move(text);
  };
  std::vector<std::string> values;
  for (const auto &part : parts_)
    values.push_back(quoted(part, part_text(part, element)));
  auto text = fmt::format("{}", fmt::join(values, " . "));
  if (data_ && element.size() >= data_->offset + data_->length)
    text += " : " + quoted(*data_, value_text(data_->kind, element.subspan(data_->offset, data_->length)));
  return text;
}

std::optional<std::string> ElementReader::binding_text(const ElementWords &element) const {
  if (variables_.empty())
    return std::nullopt;
  return fmt::format("{}={}", variables_, element.value);
}

} // namespace nwgate::nftables
