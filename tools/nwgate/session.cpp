// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/session.h"

#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"

#include <algorithm>
#include <fmt/format.h>

namespace nwgate {
namespace {

/// What the tools take as a chain's name, and what cannot be mistaken for an option.
bool is_chain_prefix(const std::string &text) {
  return !text.empty() && text.size() <= xtables::max_chain_prefix && text.front() != '-' && text.front() != '!' &&
         std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

void check(const store::Settings &settings) {
  if (settings.layout != "xtables")
    throw po::error(fmt::format("layout '{}' does not exist: this version has 'xtables'", settings.layout));
  if (!is_chain_prefix(settings.chain_prefix))
    throw po::error(fmt::format("chain prefix '{}' is not 1 to {} printable characters", settings.chain_prefix,
                                xtables::max_chain_prefix));
}

} // namespace

Session::Session(const CommonOptions &common, store::Settings values)
    : options(common), settings(std::move(values)), directories(common.root),
      filters(store::FilterFiles::search_path(directories, settings.filter_directories), settings.document_limits),
      prefix{settings.chain_prefix} {}

std::variant<Session, int> Session::open(const CommonOptions &options) {
  Diagnostics diagnostics;
  auto settings = store::read_settings(store::Directories(options.root).settings_file, diagnostics);
  if (!settings) {
    print_failure(settings.error());
    return exit_machine;
  }
  if (!diagnostics.ok()) {
    print_diagnostics(diagnostics, options.json);
    return exit_document;
  }
  if (options.layout)
    settings->layout = *options.layout;
  if (options.chain_prefix)
    settings->chain_prefix = *options.chain_prefix;
  check(*settings);
  settings->document_limits.check_schema = false;
  return Session(options, std::move(*settings));
}

int Session::finish(int code) {
  print_diagnostics(diagnostics.errors_only(), options.json);
  return diagnostics.ok() ? code : exit_document;
}

int Session::fail_with(const Error &error) {
  print_diagnostics(diagnostics.errors_only(), options.json);
  print_failure(error);
  return exit_machine;
}

} // namespace nwgate
