// SPDX-License-Identifier: LGPL-2.1-or-later
// Every folder of cases/ is a test: documents, and what nwgate makes of them.
//
//   *.xml         filters; those that are shipped with nwgate stand behind them
//   binding.xml   the binding, if any: without one, the program of filter.xml keeps its slots
//   program.txt   the program's text form
//   xtables.txt   what ebtables-restore, iptables-restore and ip6tables-restore would read (needs a binding)
//   errors.txt    what is wrong
//   warnings.txt  what `nwgate check` warns of
//
// Errors and warnings must be expected; of the program there is one form or both. A folder without
// expectation and a file of another name fail. NWG_UPDATE_GOLDEN=1 rewrites what is there; for a new
// xtables.txt make an empty one first.

#include "drivers/xtables/layout.h"
#include "drivers/xtables/restore_text.h"
#include "engine/program/text_form.h"
#include "engine/program/verify.h"
#include "engine/resolve/resolve.h"
#include "engine/xml/binding_reader.h"
#include "engine/xml/filter_reader.h"
#include "tests/support/documents.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <set>

namespace nwgate::test {
namespace {

namespace fs = std::filesystem;
const fs::path cases_folder = NWG_CASES;

/// The filters of a case, with the shipped ones behind them.
class CaseFilters : public FilterSource {
public:
  void add(Filter filter) { own_.add(std::move(filter)); }
  const Filter *find(std::string_view name, Diagnostics &diagnostics) override {
    const auto *found = own_.find(name, diagnostics);
    return found != nullptr ? found : shipped_.find(name, diagnostics);
  }

private:
  FilterMap own_;
  FilterFolders shipped_{{fs::path(NWG_SHIPPED_FILTERS)}};
};

/// File names to contents.
using Outcome = std::map<std::string, std::string>;

std::set<std::string> files_of(const fs::path &folder) {
  std::set<std::string> names;
  for (const auto &entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename());
  return names;
}

void expect_valid(const Program &program, bool closed) {
  EXPECT_EQ(verify(program, closed), std::vector<std::string>{});
  const auto text = to_text(program);
  const auto back = parse_program(text);
  ASSERT_TRUE(std::holds_alternative<Program>(back)) << std::get<std::string>(back);
  EXPECT_EQ(to_text(std::get<Program>(back)), text) << "the text form reads back";
}

void compile_binding(const fs::path &folder, CaseFilters &filters, Diagnostics &diagnostics, Outcome &outcome) {
  for (const auto &binding :
       xml::read_bindings(source(read_file(folder / "binding.xml"), "binding.xml"), {}, diagnostics)) {
    const auto closed = compile(binding, filters, diagnostics);
    if (!closed)
      continue;
    expect_valid(closed->program, true);
    outcome["program.txt"] += to_text(closed->program);
    const xtables::ChainPrefix prefix{"libvirt"};
    if (const auto ruleset = xtables::lay_out(*closed, binding.port, prefix, diagnostics))
      outcome["xtables.txt"] += xtables::to_restore_text(*ruleset, prefix);
  }
}

void resolve_filter(const Filter &filter, CaseFilters &filters, Diagnostics &diagnostics, Outcome &outcome) {
  const auto program = resolve(filter.name, filter.where, filters, {}, diagnostics);
  if (!program)
    return;
  expect_valid(*program, false);
  outcome["program.txt"] = to_text(*program);
}

Outcome run(const fs::path &folder) {
  Outcome outcome;
  Diagnostics diagnostics;
  CaseFilters filters;
  std::optional<Filter> top;
  const auto files = files_of(folder);
  for (const auto &file : files) {
    if (!file.ends_with(".xml") || file == "binding.xml")
      continue;
    auto filter = xml::read_filter(source(read_file(folder / file), file), {}, diagnostics);
    if (!filter)
      continue;
    if (file == "filter.xml")
      top = *filter;
    filters.add(std::move(*filter));
  }
  // A filter that is wrong would only be missing in what follows.
  if (diagnostics.ok() && files.contains("binding.xml"))
    compile_binding(folder, filters, diagnostics, outcome);
  else if (diagnostics.ok() && top)
    resolve_filter(*top, filters, diagnostics, outcome);

  for (const auto &item : diagnostics.sorted())
    outcome[item.severity == Severity::error ? "errors.txt" : "warnings.txt"] += to_text(item);
  if (!diagnostics.ok()) {
    outcome.erase("program.txt");
    outcome.erase("xtables.txt");
  }
  return outcome;
}

bool must_be_expected(const std::string &file) { return file == "errors.txt" || file == "warnings.txt"; }

/// With NWG_UPDATE_GOLDEN=1: the expectations become what is.
void rewrite(const fs::path &folder, const Outcome &outcome) {
  const auto files = files_of(folder);
  for (const auto *file : {"program.txt", "xtables.txt", "errors.txt", "warnings.txt"})
    if (files.contains(file) && !outcome.contains(file))
      fs::remove(folder / file);
  for (const auto &[file, text] : outcome) {
    const bool is_new_form = file == "program.txt" && !files.contains("xtables.txt");
    if (files.contains(file) || must_be_expected(file) || is_new_form)
      std::ofstream(folder / file) << text;
  }
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, IsAsExpected) {
  const auto folder = cases_folder / GetParam();
  const auto outcome = run(folder);
  if (std::getenv("NWG_UPDATE_GOLDEN") != nullptr)
    rewrite(folder, outcome);
  int expectations = 0;
  for (const auto &file : files_of(folder)) {
    if (file.ends_with(".xml"))
      continue;
    ASSERT_TRUE(file == "program.txt" || file == "xtables.txt" || must_be_expected(file)) << "no test reads " << file;
    ++expectations;
    EXPECT_EQ(outcome.contains(file) ? outcome.at(file) : "", read_file(folder / file)) << file;
  }
  EXPECT_GT(expectations, 0) << "the case expects nothing";
  for (const auto &[file, text] : outcome)
    EXPECT_TRUE(!must_be_expected(file) || fs::exists(folder / file)) << "not expected, " << file << ":\n" << text;
}

std::string test_name(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(files_of(cases_folder)), test_name);

} // namespace
} // namespace nwgate::test
