// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/session.h"

#include "engine/model/diagnostic_ids.h"
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

std::optional<std::string> why_no_layout(const std::string &layout) {
  if (layout == "nftables" || layout == "xtables")
    return std::nullopt;
  return fmt::format("layout '{}' does not exist: there are 'nftables' and 'xtables'", layout);
}

std::optional<std::string> why_no_prefix(const std::string &prefix) {
  if (is_chain_prefix(prefix))
    return std::nullopt;
  return fmt::format("chain prefix '{}' is not 1 to {} printable characters", prefix, xtables::max_chain_prefix);
}

/// Takes the option, if there is one, and checks the value: a wrong option is wrong usage, a wrong setting is reported
/// at its place.
void take(const std::optional<std::string> &option, std::string &value, const char *key, const std::string &file,
          std::optional<std::string> (*why_not)(const std::string &), Diagnostics &diagnostics) {
  if (option)
    value = *option;
  const auto why = why_not(value);
  if (why && option)
    throw po::error(*why);
  if (why)
    diagnostics.error(id::illegal_setting, store::place_of_setting(file, key), *why);
}

} // namespace

Session::Session(const CommonOptions &common, store::Settings values)
    : options(common), settings(std::move(values)), directories(common.root),
      filters(store::FilterFiles::search_path(directories, settings.filter_directories), settings.document_limits),
      prefix{settings.chain_prefix} {}

std::variant<Session, int> Session::open(const CommonOptions &options) {
  Diagnostics diagnostics;
  const auto file = store::Directories(options.root).settings_file;
  auto settings = store::read_settings(file, diagnostics);
  if (!settings) {
    print_failure(settings.error());
    return exit_machine;
  }
  take(options.layout, settings->layout, "layout", file, why_no_layout, diagnostics);
  take(options.chain_prefix, settings->chain_prefix, "chain-prefix", file, why_no_prefix, diagnostics);
  if (!diagnostics.ok()) {
    print_diagnostics(diagnostics, options.json);
    return exit_document;
  }
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
