// SPDX-License-Identifier: LGPL-2.1-or-later
// Every document of bad/ has exactly the errors that bad/expected.txt says, each at its place.
//
// A line of expected.txt is `FILE: ID:LINE:COLUMN ...`, in the order of places; an error in another document
// than FILE has that document's name in front. Filters are resolved, bindings closed; filters/ holds what
// they refer to. NWG_UPDATE_GOLDEN=1 rewrites expected.txt.

#include "engine/resolve/resolve.h"
#include "engine/xml/binding_reader.h"
#include "engine/xml/filter_reader.h"
#include "tests/support/documents.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

namespace nwgate::test {
namespace {

const std::filesystem::path folder = std::filesystem::path(NWG_DOCUMENTS) / "bad";

/// The filter under test, with those of filters/ behind it.
class WithHelpers : public FilterSource {
public:
  void put_in_front(Filter filter) { front_.add(std::move(filter)); }
  const Filter *find(std::string_view name, Diagnostics &diagnostics) override {
    const auto *found = front_.find(name, diagnostics);
    return found != nullptr ? found : helpers_.find(name, diagnostics);
  }

private:
  FilterMap front_;
  FilterFolders helpers_{{std::filesystem::path(NWG_DOCUMENTS) / "filters"}};
};

bool is_binding(const std::shared_ptr<const SourceText> &document) {
  Diagnostics ignored;
  const auto parsed = xml::Document::parse(document, {}, ignored);
  const auto root = parsed ? std::string(parsed->root().name()) : std::string{};
  return root == "filterbinding" || root == "cgroupbinding" || root == "interface" || root == "domain";
}

Diagnostics check(const std::string &file) {
  Diagnostics diagnostics;
  WithHelpers filters;
  const auto document = source(read_file(folder / file), file);
  if (is_binding(document)) {
    for (const auto &binding : xml::read_bindings(document, {}, diagnostics))
      (void)compile(binding, filters, diagnostics);
  } else if (auto filter = xml::read_filter(document, {}, diagnostics)) {
    const auto name = filter->name;
    const auto where = filter->where;
    filters.put_in_front(std::move(*filter));
    (void)resolve(name, where, filters, {}, diagnostics);
  }
  return diagnostics.errors_only();
}

std::string errors_of(const std::string &file) {
  std::string text;
  const auto diagnostics = check(file);
  const auto ids = ids_of(diagnostics);
  const auto items = diagnostics.sorted();
  for (std::size_t i = 0; i < ids.size(); ++i)
    text += fmt::format(" {}{}", items[i].where.file() == file ? "" : items[i].where.file() + ":", ids[i]);
  return text;
}

std::map<std::string, std::string> read_expected() {
  std::map<std::string, std::string> expected;
  std::istringstream lines(read_file(folder / "expected.txt"));
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (!line.empty() && !line.starts_with('#'))
      expected[line.substr(0, colon)] = line.substr(std::min(colon, line.size() - 1) + 1);
  }
  return expected;
}

std::set<std::string> documents() {
  std::set<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename() != "expected.txt")
      names.insert(entry.path().filename());
  for (const auto &[name, errors] : read_expected())
    names.insert(name);
  return names;
}

class BadDocument : public testing::TestWithParam<std::string> {};

TEST_P(BadDocument, HasExactlyTheExpectedErrors) {
  const auto expected = read_expected();
  ASSERT_TRUE(expected.contains(GetParam())) << "expected.txt says nothing of this document";
  EXPECT_EQ(errors_of(GetParam()), expected.at(GetParam())) << text_of(check(GetParam()));
}

TEST_P(BadDocument, HasAnError) { EXPECT_FALSE(check(GetParam()).ok()); }

std::string test_name(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, BadDocument, testing::ValuesIn(documents()), test_name);

TEST(BadDocuments, AreAtLeastOneHundredAndFifty) { EXPECT_GE(documents().size(), 150U); }

TEST(BadDocuments, AreRewrittenOnDemand) {
  if (std::getenv("NWG_UPDATE_GOLDEN") == nullptr)
    return;
  std::string text = "# The errors of each document: id, line, column. See bad_documents_test.cpp.\n";
  for (const auto &file : documents())
    if (std::filesystem::exists(folder / file))
      text += file + ":" + errors_of(file) + "\n";
  std::ofstream(folder / "expected.txt") << text;
}

} // namespace
} // namespace nwgate::test
