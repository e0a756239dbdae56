// SPDX-License-Identifier: LGPL-2.1-or-later
/// The command `nwgate`.
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"

#include <algorithm>
#include <array>
#include <boost/program_options/errors.hpp>
#include <exception>
#include <fmt/format.h>
#include <iostream>
#include <string_view>

namespace {

struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(const nwgate::Words &);
};

constexpr std::array commands = {
    Command{"check", "say what is wrong with documents", nwgate::command_check},
    Command{"define", "keep filters, and bring them to the bindings that use them", nwgate::command_define},
    Command{"undefine", "forget a filter", nwgate::command_undefine},
    Command{"list", "list the filters", nwgate::command_list},
    Command{"show", "print a filter", nwgate::command_show},
    Command{"bind", "attach a filter to a port or a cgroup", nwgate::command_bind},
    Command{"unbind", "detach a port or a cgroup", nwgate::command_unbind},
    Command{"bindings", "list the bindings", nwgate::command_bindings},
    Command{"run", "run a command in a cgroup with a filter", nwgate::command_run},
    Command{"render", "show what a binding would put into the kernel", nwgate::command_render},
    Command{"chains", "show what the kernel holds, with counters and origins", nwgate::command_chains},
    Command{"stats", "show what each port or cgroup has sent and received", nwgate::command_stats},
    Command{"diff", "show where the kernel differs from what it should hold", nwgate::command_diff},
    Command{"explain", "say what becomes of a packet, and by which rule", nwgate::command_explain},
    Command{"apply", "bring the kernel to what it should hold", nwgate::command_apply},
    Command{"watch", "keep cgroups bound that come and go", nwgate::command_watch},
};

void print_help(std::ostream &out) {
  out << "usage: nwgate COMMAND [OPTION...] [ARGUMENT...]\n\n";
  for (const auto &command : commands)
    out << fmt::format("  {:<10}{}\n", command.name, command.summary);
  out << "\nnwgate COMMAND --help tells a command's options, nwgate --version the version. Manuals: nwgate(1),\n"
         "nwgate.conf(5), and nwgate-filters(7) about the filter language.\n";
}

/// The command's name: common options may stand in front of it, with their values.
nwgate::Words::const_iterator find_name(const nwgate::Words &words) {
  constexpr std::array<std::string_view, 3> with_value = {"--root", "--layout", "--chain-prefix"};
  auto word = words.begin();
  while (word != words.end() && word->starts_with('-')) {
    const bool takes_next = std::ranges::find(with_value, *word) != with_value.end();
    word += takes_next && word + 1 != words.end() ? 2 : 1;
  }
  return word;
}

int run(const nwgate::Words &words) {
  if (words.empty()) {
    print_help(std::cerr);
    return nwgate::exit_usage;
  }
  if (words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
    print_help(std::cout);
    return nwgate::exit_done;
  }
  if (words.front() == "--version") {
    std::cout << "nwgate " NWGATE_VERSION "\n";
    return nwgate::exit_done;
  }
  const auto name = find_name(words);
  const auto *command = name == words.end() ? commands.end() : std::ranges::find(commands, *name, &Command::name);
  if (command == commands.end()) {
    std::cerr << (name == words.end() ? "nwgate: no command given" : fmt::format("nwgate: no command '{}'", *name))
              << "; see nwgate --help\n";
    return nwgate::exit_usage;
  }
  nwgate::Words rest(words.begin(), name);
  rest.insert(rest.end(), name + 1, words.end());
  return command->run(rest);
}

} // namespace

int main(int argc, char **argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const boost::program_options::error &error) {
    std::cerr << "nwgate: " << error.what() << '\n';
    return nwgate::exit_usage;
  } catch (const std::exception &error) {
    std::cerr << "nwgate: internal error: " << error.what() << '\n';
    return nwgate::exit_internal;
  }
}
