// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/documents.h"

#include "engine/program/text_form.h"
#include "engine/resolve/resolve.h"
#include "engine/xml/binding_reader.h"
#include "engine/xml/filter_reader.h"

#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace nwgate::test {

std::shared_ptr<const SourceText> source(std::string text, std::string name) {
  return std::make_shared<const SourceText>(std::move(name), std::move(text));
}

std::string read_file(const std::filesystem::path &path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> ids_of(const Diagnostics &diagnostics) {
  std::vector<std::string> ids;
  for (const auto &item : diagnostics.sorted())
    ids.push_back(item.where.line == 0 ? std::string(item.id)
                                       : fmt::format("{}:{}:{}", item.id, item.where.line, item.where.column));
  return ids;
}

std::string joined_ids(const Diagnostics &diagnostics) {
  return fmt::format("{}", fmt::join(ids_of(diagnostics), " "));
}

std::string text_of(const Diagnostics &diagnostics) {
  std::string text;
  for (const auto &item : diagnostics.sorted())
    text += to_text(item);
  return text;
}

Filter filter(const std::string &text, const std::string &name) {
  Diagnostics diagnostics;
  auto read = xml::read_filter(source(text, name), {}, diagnostics);
  if (!read)
    throw std::runtime_error(text_of(diagnostics));
  return std::move(*read);
}

Binding binding(const std::string &text, const std::string &name) {
  Diagnostics diagnostics;
  auto read = xml::read_bindings(source(text, name), {}, diagnostics);
  if (read.size() != 1)
    throw std::runtime_error("not one binding: " + text_of(diagnostics));
  return std::move(read.front());
}

Filter filter_named(const std::string &name, const std::string &body, const std::string &attributes) {
  return filter(fmt::format("<filter name='{}' {}>\n{}\n</filter>\n", name, attributes, body), name + ".xml");
}

Binding bound(const std::string &filter, const std::vector<std::pair<std::string, std::string>> &parameters) {
  std::string text = "<filterbinding>\n<portdev name='vnet0'/>\n<mac address='02:00:00:00:00:01'/>\n";
  text += fmt::format("<filterref filter='{}'>\n", filter);
  for (const auto &[name, value] : parameters)
    text += fmt::format("<parameter name='{}' value='{}'/>\n", name, value);
  return binding(text + "</filterref>\n</filterbinding>\n");
}

const Filter *FilterFolders::find(std::string_view name, Diagnostics &diagnostics) {
  const auto [known, is_new] = read_.try_emplace(std::string(name));
  if (is_new)
    for (const auto &folder : folders_) {
      const auto file = std::string(name) + ".xml";
      if (!std::filesystem::exists(folder / file))
        continue;
      known->second = xml::read_filter(source(read_file(folder / file), file), {}, diagnostics);
      break;
    }
  return known->second ? &*known->second : nullptr;
}

std::optional<ClosedProgram> compile(const Binding &binding, FilterSource &filters, Diagnostics &diagnostics,
                                     const ResolveLimits &limits) {
  const auto program = resolve(binding.filter.filter, binding.filter.where, filters, limits, diagnostics);
  return program ? close(*program, BindingValues(binding), limits, diagnostics) : std::nullopt;
}

Program program_of(FilterSource &filters, const std::string &top) {
  Diagnostics diagnostics;
  auto program = resolve(top, {}, filters, {}, diagnostics);
  if (!program)
    throw std::runtime_error(text_of(diagnostics));
  return std::move(*program);
}

std::vector<std::string> rules_of(const Program &program, Layer layer, Direction direction, const std::string &chain) {
  const auto *found = program.find(layer, direction, chain);
  if (found == nullptr)
    return {"no such chain"};
  std::istringstream lines(to_text(Program{program.filter, {*found}}));
  std::vector<std::string> rules;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("  "))
      rules.push_back(line.substr(2, line.find(" @ ") - 2));
  return rules;
}

} // namespace nwgate::test
