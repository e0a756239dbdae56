// SPDX-License-Identifier: LGPL-2.1-or-later
/// Elements of the layout's sets in words: the port that they belong to, and the rest of the key.
#pragma once

#include "drivers/netlink/sets.h"
#include "drivers/nftables/value_text.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::nftables {

struct ElementWords {
  /// The name; empty if the element knows its port by the mark.
  std::string port;
  /// 0 if the element knows its port by the name.
  std::uint32_t mark = 0;
  /// The key without the port: `10.0.0.1`, `10.0.0.0/8 . 80-90`. Empty if there is no more.
  std::string value;
  /// Of a map.
  std::string data;
};

/// Reads elements of one set, whatever chains use it for.
class ElementReader {
public:
  ElementReader(const std::string &set_name, const netlink::SetSpec &spec);

  /// `element` is as in netlink::Elements; of a verdict map, the key.
  [[nodiscard]] ElementWords read(netlink::Bytes element) const;
  /// As nft(8) writes it: `"vnet0" . 10.0.0.1`, with a map's data behind it.
  [[nodiscard]] std::string nft_text(netlink::Bytes element) const;
  /// The bytes of the key that tell the port.
  [[nodiscard]] netlink::Bytes port_key(netlink::Bytes element) const;

  /// What the element says of the binding: `IP=10.0.0.1`, `A.B=10.0.0.1 . 80`; nothing if the set is of no variables.
  [[nodiscard]] std::optional<std::string> binding_text(const ElementWords &element) const;

private:
  struct Part {
    ValueKind kind;
    std::size_t offset, length;
    /// A MAC mask or a prefix length in the set's name, to which the values are cut.
    std::string mask;
  };

  void name_parts(const std::string &set_name);
  [[nodiscard]] std::string part_text(const Part &part, netlink::Bytes element) const;

  std::size_t key_length_;
  bool has_intervals_;
  std::vector<Part> parts_;
  /// Of parts_, the port.
  std::size_t port_ = 0;
  std::optional<Part> data_;
  std::string variables_;
  /// The same variable is asked for in several fields, with one value.
  bool has_one_variable_ = false;
};

} // namespace nwgate::nftables
