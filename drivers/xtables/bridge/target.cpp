// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/target.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge/ebtables.h>
#include <string_view>

namespace nwgate::xtables::bridge {
namespace {

struct VerdictWords {
  Verdict verdict;
  std::int32_t number;
  std::string_view name;
};

constexpr std::array verdicts{
    VerdictWords{Verdict::accept, NF_ACCEPT, "ACCEPT"},
    VerdictWords{Verdict::drop, NF_DROP, "DROP"},
    VerdictWords{Verdict::return_to_caller, NFT_RETURN, "RETURN"},
};
constexpr std::string_view continue_name = "CONTINUE";

const VerdictWords &words_of(Verdict verdict) { return *std::ranges::find(verdicts, verdict, &VerdictWords::verdict); }

/// libvirt's names have up to 30 bytes, `I-`, a port's 15, `-` and 12. The kernel takes them and ebtables-save prints
/// them, though ebtables-restore makes none over 28.
bool is_chain_name(std::string_view name) {
  return !name.empty() && name.size() < EBT_CHAIN_MAXNAMELEN && name != continue_name &&
         std::ranges::find(verdicts, name, &VerdictWords::name) == verdicts.end();
}

} // namespace

std::optional<std::string> encode(const Target &target, ExpressionWriter &writer) {
  if (std::holds_alternative<Reject>(target))
    return "ebtables has no REJECT";
  if (const auto *verdict = std::get_if<Verdict>(&target))
    writer.verdict(words_of(*verdict).number);
  if (const auto *jump = std::get_if<Jump>(&target)) {
    if (jump->go_to)
      return "ebtables has no goto";
    if (!is_chain_name(jump->chain))
      return "ebtables takes no chain name \"" + jump->chain + '"';
    writer.verdict(NFT_JUMP, jump->chain);
  }
  return std::nullopt;
}

std::optional<Target> decode_target(ExpressionReader &reader) {
  if (reader.at_end())
    return Continue{};
  const auto taken = reader.take_verdict();
  if (!taken || !reader.at_end())
    return std::nullopt;
  if (taken->verdict == NFT_JUMP && is_chain_name(taken->chain))
    return Jump{taken->chain};
  const auto found = std::ranges::find(verdicts, taken->verdict, &VerdictWords::number);
  if (found == verdicts.end() || !taken->chain.empty())
    return std::nullopt;
  return found->verdict;
}

std::string save_text(const Target &target) {
  std::string text = "-j ";
  if (const auto *verdict = std::get_if<Verdict>(&target))
    text += words_of(*verdict).name;
  else if (const auto *jump = std::get_if<Jump>(&target))
    text += jump->chain;
  else
    text += continue_name;
  return text;
}

} // namespace nwgate::xtables::bridge
