// SPDX-License-Identifier: LGPL-2.1-or-later
/// Short ways to make documents, and to say what is expected of them.
#pragma once

#include "engine/base/diagnostics.h"
#include "engine/model/binding.h"
#include "engine/model/filter.h"
#include "engine/resolve/filter_source.h"
#include "engine/values/close.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::test {

std::shared_ptr<const SourceText> source(std::string text, std::string name = "test.xml");

/// The whole file; throws when it cannot be read.
std::string read_file(const std::filesystem::path &path);

/// `NWG201:3:5`, an entry for each diagnostic in the order of places. One without a line is `NWG102` alone.
std::vector<std::string> ids_of(const Diagnostics &diagnostics);
/// The same with blanks between.
std::string joined_ids(const Diagnostics &diagnostics);
/// All of them as the command prints them.
std::string text_of(const Diagnostics &diagnostics);

/// A document that must be right: throws what is wrong with it.
Filter filter(const std::string &text, const std::string &name = "test.xml");
Binding binding(const std::string &text, const std::string &name = "binding.xml");

/// `<filter name='NAME'>BODY</filter>`, in a document `NAME.xml`.
Filter filter_named(const std::string &name, const std::string &body, const std::string &attributes = "");
/// The binding of port vnet0 and MAC 02:00:00:00:00:01 to a filter, with parameters in order.
Binding bound(const std::string &filter, const std::vector<std::pair<std::string, std::string>> &parameters = {});

/// Filters in files `NAME.xml` of some folders, the first that has one wins. Documents are named by file name only.
class FilterFolders : public FilterSource {
public:
  explicit FilterFolders(std::vector<std::filesystem::path> folders) : folders_(std::move(folders)) {}
  const Filter *find(std::string_view name, Diagnostics &diagnostics) override;

private:
  std::vector<std::filesystem::path> folders_;
  std::map<std::string, std::optional<Filter>, std::less<>> read_;
};

/// The closed program of a binding, or nothing and the reasons in `diagnostics`.
std::optional<ClosedProgram> compile(const Binding &binding, FilterSource &filters, Diagnostics &diagnostics,
                                     const ResolveLimits &limits = {});

/// The program of the top filter, which must be right.
Program program_of(FilterSource &filters, const std::string &top);
/// The lines of a program's text, each rule without its origin, for comparison with what a test expects.
std::vector<std::string> rules_of(const Program &program, Layer layer, Direction direction,
                                  const std::string &chain = "root");

} // namespace nwgate::test
