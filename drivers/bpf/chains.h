// SPDX-License-Identifier: LGPL-2.1-or-later
/// Code for the chains of a layer.
#pragma once

#include "drivers/bpf/matches.h"
#include "drivers/bpf/runs.h"

#include "engine/program/program.h"

#include <span>
#include <vector>

namespace nwgate::bpf {

/// A map of prefixes that a program looks addresses up in.
struct PrefixMap {
  IpVersion version{};
  /// merged()
  std::vector<Prefix> prefixes;
  bool operator==(const PrefixMap &) const = default;
};

/// What the kernel's verifier takes.
struct CompileLimits {
  /// It follows a million instructions at most, and comes to some more than once.
  std::size_t instructions = 100'000;
  /// It remembers 8,192 ways at most that it has yet to go (BPF_COMPLEXITY_LIMIT_JMP_SEQ): of each rule all
  /// branches but the last wait until it has come to the end. For each IP version.
  std::size_t waiting_branches = 8'000;
  /// Measured on Linux 6.18: a search among 1,000 prefixes of IPv4 takes 3 ns where the lookup takes 50; of IPv6, where
  /// addresses are compared with one by one, both take 20 ns for 64. Longer lists should not make the code grow.
  LookupSizes lookup_from = {512, 32};
};

/// Writes what the chains of one direction do to a packet of one version. A chain that is jumped to stands in the place
/// of the jump. Matches that follow each other at the head of rules are asked for once.
class ChainWriter {
public:
  /// `maps` gets the maps that the code refers to by their index. Nothing more is written once the code is too long.
  ChainWriter(Assembler &out, const Program &program, const CompileLimits &limits, std::vector<PrefixMap> &maps)
      : out_(out), program_(program), limits_(limits), maps_(maps) {}

  /// Those of one layer. Ends in a jump to one of the two; in none if there is no chain.
  void write(const Place &place, Direction direction, Label accept, Label drop);

  /// The rule at which the code became too long; null as long as it is not.
  [[nodiscard]] const ProgramRule *too_long_at() const { return too_long_at_; }

private:
  /// Where a chain is written to.
  struct Site {
    const Chain &chain;
    Place place;
    Label accept;
    Label drop;
    /// Back to the chain that jumped here.
    Label leave;
  };
  using Matches = std::vector<const Match *>;

  void write(const Site &site);
  /// Steps whose first matches hold already: those of `known`.
  void write(std::span<const Step> steps, std::size_t known, const Site &site);
  void write(const Step &step, std::size_t known, const Site &site);
  void write_match(const Step &step, std::size_t index, MatchWriter &matches);
  void write_verdict(VerdictKind verdict, const Site &site);
  bool is_too_long(const ProgramRule &rule);
  std::size_t map_of(PrefixMap map);

  Assembler &out_;
  const Program &program_;
  const CompileLimits &limits_;
  std::vector<PrefixMap> &maps_;
  std::size_t waiting_branches_ = 0;
  const ProgramRule *too_long_at_ = nullptr;
};

} // namespace nwgate::bpf
