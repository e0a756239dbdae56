// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine.h"

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nwgate::packets {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

void collect(const Json &chains, std::vector<KernelRule> &rules) {
  for (const auto &chain : chains)
    for (const auto &rule : chain.at("rules"))
      rules.push_back({chain.at("table").get<std::string>(), chain.at("chain").get<std::string>(),
                       rule.at("rule").get<std::string>(), rule.at("verdict").get<std::string>(),
                       rule.contains("origin") ? rule["origin"].at("place").get<std::string>() : std::string{},
                       rule.at("packets").get<std::uint64_t>()});
}

} // namespace

Engine::Engine() {
  auto path = (fs::temp_directory_path() / "nwgate-packets-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), path);
  root_ = path;
  const char *layout = std::getenv("NWG_LAYOUT");
  layout_ = layout == nullptr ? "nftables" : layout;
  for (const auto *directory :
       {"etc/nwgate/filters", "etc/nwgate/bindings", "run/nwgate", "usr/share/nwgate", "var/lib/nwgate"})
    fs::create_directories(root_ + "/" + directory);
  fs::create_directory_symlink(NWGATE_FILTERS, root_ + "/usr/share/nwgate/filters");
}

Engine::~Engine() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void Engine::write_filter(const std::string &name, const std::string &document) const {
  std::ofstream file(filter_path(name));
  file << document << std::flush;
  ASSERT_TRUE(file.good()) << name;
}

std::string Engine::filter_path(const std::string &name) const {
  return root_ + "/etc/nwgate/filters/" + name + ".xml";
}

void Engine::write_rules(const std::string &name, const std::vector<std::string> &rules) const {
  write_filter(name, fmt::format("<filter name='{}' chain='root'>\n{}\n</filter>\n", name, fmt::join(rules, "\n")));
}

Outcome Engine::command(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin() + 1, {"--root", root_, "--layout", layout_});
  arguments.insert(arguments.begin(), NWGATE_PROGRAM);
  return run(arguments);
}

Outcome Engine::bind(const std::string &port, const std::string &filter, const Parameters &parameters) const {
  std::vector<std::string> words = {"bind", "--port", port, "--mac", bound_mac, "--filter", filter};
  for (const auto &[name, value] : parameters)
    words.insert(words.end(), {"-p", fmt::format("{}={}", name, value)});
  return command(words);
}

void Engine::must_bind(const std::string &port, const std::string &filter, const Parameters &parameters) const {
  const auto outcome = bind(port, filter, parameters);
  ASSERT_TRUE(outcome.ok()) << outcome.status << " " << outcome.errors << outcome.output;
}

void Engine::bind_rules(std::vector<std::string> rules, const Parameters &parameters) const {
  rules.insert(rules.begin(), fence_rule);
  write_rules("test", rules);
  must_bind("v0", "test", parameters);
}

void Engine::bind_with_fence(const std::string &filter, const Parameters &parameters) const {
  bind_rules({fmt::format("<filterref filter='{}'/>", filter)}, parameters);
}

void Engine::unbind(const std::string &port) const {
  const auto outcome = command({"unbind", "--", port});
  EXPECT_TRUE(outcome.ok()) << outcome.errors;
}

std::vector<KernelRule> Engine::rules(const std::string &port) const {
  std::vector<KernelRule> rules;
  const auto outcome = command({"chains", "--format", "json", "--", port});
  EXPECT_TRUE(outcome.ok()) << outcome.errors;
  const auto json = Json::parse(outcome.output, nullptr, false);
  if (json.is_discarded()) {
    ADD_FAILURE() << "no JSON: " << outcome.output;
    return rules;
  }
  for (const auto &entry : json) {
    collect(entry.at("links"), rules);
    collect(entry.at("chains"), rules);
  }
  return rules;
}

bool KernelRule::is_in_root(bool ip_layer, Direction direction) const {
  const bool out = direction == Direction::out;
  if (!table.ends_with(" nwgate")) {
    if (ip_layer)
      return out ? chain == "FI-v0" || chain == "HI-v0" : chain == "FO-v0";
    return chain == (out ? "nwgate-I-v0" : "nwgate-O-v0");
  }
  const std::string end = out ? "/out" : "/in";
  const bool in_bridge = table.starts_with("bridge");
  const bool is_ip_in_bridge = in_bridge && (chain.ends_with(end + ".ipv4") || chain.ends_with(end + ".ipv6"));
  return ip_layer ? is_ip_in_bridge || (!in_bridge && chain.ends_with(end)) : in_bridge && chain.ends_with(end);
}

std::uint64_t Engine::count_in_ethernet_layer(Direction direction, int line) const {
  std::uint64_t sum = 0;
  for (const auto &rule : rules("v0"))
    if (rule.is_in_root(false, direction) && rule.is_from("test", line))
      sum += rule.packets;
  return sum;
}

std::uint64_t Engine::count_in_ip_layer(Direction direction, int line) const {
  std::uint64_t sum = 0;
  for (const auto &rule : rules("v0"))
    if (rule.is_in_root(true, direction) && rule.is_from("test", line))
      sum += rule.packets;
  return sum;
}

} // namespace nwgate::packets
