// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/settings.h"

#include "drivers/store/files.h"
#include "engine/model/diagnostic_ids.h"

#include <bit>
#include <boost/program_options.hpp>
#include <charconv>
#include <sstream>

namespace nwgate::store {
namespace {

namespace po = boost::program_options;

constexpr std::size_t size_limit = 1U << 20U;

/// Boost says which key is wrong, but not where: the first line that begins with it.
SourcePosition place_of(const std::shared_ptr<const SourceText> &source, const std::string &key) {
  for (const auto start : source->line_starts) {
    const auto begin = source->text.find_first_not_of(" \t", start);
    if (!key.empty() && begin != std::string::npos && source->text.compare(begin, key.size(), key) == 0)
      return SourcePosition::at_offset(source, begin);
  }
  return {source, 0, 0};
}

/// A mask of one run of ones, decimal or hexadecimal.
bool parse_mask(const std::string &text, std::uint32_t &mask) {
  const bool is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const char *first = text.data() + (is_hexadecimal ? 2 : 0);
  const char *last = text.data() + text.size();
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(first, last, value, is_hexadecimal ? 16 : 10);
  if (error != std::errc() || end != last || std::popcount(value) < 8)
    return false;
  const auto run = value >> static_cast<unsigned>(std::countr_zero(value));
  if ((run & (run + 1)) != 0)
    return false;
  mask = value;
  return true;
}

} // namespace

SourcePosition place_of_setting(const std::string &path, const std::string &key) {
  auto text = read_file(path, size_limit);
  return place_of(std::make_shared<const SourceText>(path, text ? std::move(*text) : std::string{}), key);
}

Result<Settings> read_settings(const std::string &path, Diagnostics &diagnostics) {
  Settings settings;
  if (!exists(path))
    return settings;
  auto text = read_file(path, size_limit);
  if (!text)
    return fail(std::move(text.error()));
  const auto source = std::make_shared<const SourceText>(path, std::move(*text));
  po::options_description keys;
  auto add = keys.add_options();
  add("layout", po::value(&settings.layout));
  std::string mark_mask;
  add("mark-mask", po::value(&mark_mask));
  add("bridge-conntrack", po::value(&settings.bridge_conntrack));
  add("bridge-netfilter", po::value(&settings.bridge_netfilter));
  add("chain-prefix", po::value(&settings.chain_prefix));
  add("filter-directory", po::value(&settings.filter_directories));
  add("max-document-size", po::value(&settings.document_limits.document_size));
  add("max-nesting", po::value(&settings.document_limits.nesting));
  add("max-include-depth", po::value(&settings.resolve_limits.include_depth));
  add("max-rules", po::value(&settings.resolve_limits.rules));
  try {
    po::variables_map values;
    std::istringstream stream(source->text);
    const auto parsed = po::parse_config_file(stream, keys);
    for (const auto &option : parsed.options) // a number with a sign would be read as a very large one
      if (option.string_key.starts_with("max-") && option.value.front().starts_with('-'))
        throw po::validation_error(po::validation_error::invalid_option_value, option.string_key, option.value.front());
    po::store(parsed, values);
    po::notify(values);
    if (settings.bridge_conntrack != "auto" && settings.bridge_conntrack != "off")
      diagnostics.error(id::illegal_setting, place_of(source, "bridge-conntrack"),
                        "bridge-conntrack '" + settings.bridge_conntrack + "' is neither 'auto' nor 'off'");
    if (settings.bridge_netfilter != "refuse" && settings.bridge_netfilter != "enable")
      diagnostics.error(id::illegal_setting, place_of(source, "bridge-netfilter"),
                        "bridge-netfilter '" + settings.bridge_netfilter + "' is neither 'refuse' nor 'enable'");
    if (!mark_mask.empty() && !parse_mask(mark_mask, settings.mark_mask))
      diagnostics.error(id::illegal_setting, place_of(source, "mark-mask"),
                        "mark-mask '" + mark_mask + "' is not a number of 32 bits with at least 8 ones in one run");
  } catch (const po::error_with_option_name &error) {
    diagnostics.error(id::illegal_setting, place_of(source, error.get_option_name()), error.what());
  } catch (const po::error &error) {
    diagnostics.error(id::illegal_setting, {source, 0, 0}, error.what());
  }
  return settings;
}

} // namespace nwgate::store
