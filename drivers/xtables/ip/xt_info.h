// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the match files of this folder share: their context, and the kernel's xt info structures as bytes.
#pragma once

#include "drivers/xtables/codec.h"
#include "drivers/xtables/expressions.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace nwgate::xtables::ip {

/// What a match may have to know of the rest of its rule and of the host.
struct Context {
  Family family{};
  const SetIndex &sets;
  /// The value of a `-p` without `!`.
  std::optional<std::uint8_t> protocol;
};

/// Why a match cannot be written, or nothing.
using Refusal = std::optional<std::string>;

using XtInfo = ExpressionReader::XtInfo;

/// The tools' mark of negation in front of an option.
constexpr std::string_view bang(bool negated) { return negated ? "! " : ""; }

/// The zeroed bytes of one of the kernel's info structures, padding included, in the length that nf_tables
/// asks for: XT_ALIGN() of linux/netfilter/x_tables.h, a multiple of 8.
template <typename Info> class XtBuffer {
public:
  static_assert(std::is_trivially_copyable_v<Info> && alignof(Info) <= alignof(std::max_align_t));

  XtBuffer() : bytes_((sizeof(Info) + 7U) & ~std::size_t{7}) {}
  /// Nothing if the length is not exactly that of an Info.
  static std::optional<XtBuffer> from(const std::vector<std::uint8_t> &bytes) {
    XtBuffer result;
    if (bytes.size() != result.bytes_.size())
      return std::nullopt;
    result.bytes_ = bytes;
    return result;
  }

  Info *operator->() { return reinterpret_cast<Info *>(bytes_.data()); }
  const Info *operator->() const { return reinterpret_cast<const Info *>(bytes_.data()); }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  bool operator==(const XtBuffer &) const = default;

private:
  std::vector<std::uint8_t> bytes_;
};

/// The info of a match, or why there is none.
template <typename Info> using Encoded = tl::expected<XtBuffer<Info>, std::string>;
inline tl::unexpected<std::string> refuse(std::string why) { return tl::unexpected(std::move(why)); }

/// Writes an xt match, or passes the refusal on.
template <typename Info>
Refusal write_match(ExpressionWriter &writer, std::string_view name, std::uint32_t revision,
                    const Encoded<Info> &info) {
  if (!info)
    return info.error();
  writer.match(name, revision, info->bytes());
  return std::nullopt;
}

/// `match` if it stands for all of the bytes that were read: those that it encodes to, `again`, are the same.
template <typename M, typename Info>
std::optional<Match> if_exact(M match, const XtBuffer<Info> &read, const Encoded<Info> &again) {
  if (!again || *again != read)
    return std::nullopt;
  return match;
}

} // namespace nwgate::xtables::ip
