// SPDX-License-Identifier: LGPL-2.1-or-later
/// The command line: settings for all commands, and each command's own options.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

namespace nwgate {

namespace po = boost::program_options;

/// Options that every command takes.
struct CommonOptions {
  std::string root;
  std::optional<std::string> layout;
  std::optional<std::string> chain_prefix;
  bool json = false;
  bool timing = false;
  bool help = false;
};

/// What stands behind the command's name. Thrown mistakes are po::error.
class Arguments {
public:
  /// `own` are the command's options beside the common ones; words that are no options go to `words()`.
  Arguments(std::string command, std::string synopsis, std::string summary);

  /// For adding the command's own options.
  po::options_description_easy_init add_options() { return own_.add_options(); }
  /// Reads the command line. With `--help`, prints the help to stdout and returns false.
  bool parse(const std::vector<std::string> &arguments);

  [[nodiscard]] const CommonOptions &common() const { return common_; }
  [[nodiscard]] const std::vector<std::string> &words() const { return words_; }
  /// Throws when there are fewer or more words.
  void require_words(std::size_t least, std::size_t most) const;

private:
  [[nodiscard]] std::string usage() const;
  [[nodiscard]] std::string help_text() const;

  std::string command_, synopsis_, summary_;
  po::options_description own_;
  po::options_description common_description_;
  CommonOptions common_;
  std::vector<std::string> words_;
};

} // namespace nwgate
