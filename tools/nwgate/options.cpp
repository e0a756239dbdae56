// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/options.h"

#include <fmt/format.h>
#include <iostream>
#include <sstream>

namespace nwgate {
namespace {

/// Columns of the help.
constexpr unsigned help_width = 100;

} // namespace

Arguments::Arguments(std::string command, std::string synopsis, std::string summary)
    : command_(std::move(command)), synopsis_(std::move(synopsis)), summary_(std::move(summary)),
      own_("Options", help_width), common_description_("Options of every command", help_width) {
  const auto take = [](std::optional<std::string> &target) {
    return po::value<std::string>()->notifier([&target](const std::string &value) { target = value; });
  };
  auto add = common_description_.add_options();
  add("root", po::value(&common_.root)->value_name("DIR"), "look for /etc, /usr, /var and /run below DIR");
  add("layout", take(common_.layout)->value_name("NAME"),
      "how rules are laid out in the kernel: nftables (default), rules once a program; xtables, as libvirt does");
  add("chain-prefix", take(common_.chain_prefix)->value_name("WORD"),
      "first word of the names of shared and root chains: nwgate, or libvirt for libvirt's names");
  add("json", po::bool_switch(&common_.json), "print listings and diagnostics as JSON");
  add("timing", po::bool_switch(&common_.timing), "say on stderr how long the kernel took");
  add("help,h", po::bool_switch(&common_.help), "print this help");
}

bool Arguments::parse(const std::vector<std::string> &arguments) {
  po::options_description hidden;
  hidden.add_options()("word", po::value(&words_));
  po::options_description all;
  all.add(own_).add(common_description_).add(hidden);
  po::positional_options_description positions;
  positions.add("word", -1);
  const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  po::variables_map values;
  po::store(po::command_line_parser(arguments).options(all).positional(positions).style(style).run(), values);
  po::notify(values);
  if (common_.help)
    std::cout << help_text();
  return !common_.help;
}

void Arguments::require_words(std::size_t least, std::size_t most) const {
  if (words_.size() < least || words_.size() > most)
    throw po::error(usage());
}

std::string Arguments::usage() const {
  return fmt::format("usage: nwgate {}{}{}", command_, synopsis_.empty() ? "" : " ", synopsis_);
}

std::string Arguments::help_text() const {
  std::ostringstream text;
  text << fmt::format("{}\n\n{}\n", usage(), summary_);
  if (!own_.options().empty())
    text << '\n' << own_;
  text << '\n' << common_description_;
  return text.str();
}

} // namespace nwgate
