// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs, sharing and values for the tests of the layout nftables.
#pragma once

#include "drivers/netlink/names.h"
#include "drivers/nftables/shared_program.h"
#include "drivers/xtables/codec.h"
#include "tests/support/documents.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nwgate::nftables::testing {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// `<rule action='drop' direction='DIRECTION'>ELEMENT</rule>`
std::string rule(const std::string &element, const std::string &direction = "out");
/// The program of a filter `f` with this content.
Program program_of(const std::string &body);

class NoSets final : public xtables::SetIndex {
public:
  [[nodiscard]] std::optional<std::uint16_t> index_of(const std::string & /*name*/) const override {
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> name_of(std::uint16_t /*index*/) const override { return std::nullopt; }
};

/// A program, and how ports share it.
class Sharing {
public:
  explicit Sharing(const std::string &body, std::size_t most_copies = 0)
      : program_(program_of(body)), sharing_(program_, most_copies) {}

  std::optional<PortProgram> bind(const std::string &port, const Parameters &parameters, Diagnostics &diagnostics,
                                  const ResolveLimits &limits = {});
  /// What must succeed.
  PortProgram bind(const std::string &port, const Parameters &parameters = {});

private:
  Program program_;
  ProgramSharing sharing_;
};

/// Bytes in hexadecimal.
std::string hex(const std::vector<std::uint8_t> &bytes);

/// The expressions of a rule in words, with `; ` between: `meta iifname => 0; lookup f/out-ports 0; counter`.
std::string in_words(netlink::Bytes expressions);

} // namespace nwgate::nftables::testing
