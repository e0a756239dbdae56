// SPDX-License-Identifier: LGPL-2.1-or-later
/// Filters in files: each named like its file, the first directory that has one wins.
#pragma once

#include "drivers/store/directories.h"
#include "engine/base/result.h"
#include "engine/resolve/filter_source.h"
#include "engine/xml/document.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nwgate::store {

class FilterFiles : public FilterSource {
public:
  /// `directories`: the first wins.
  FilterFiles(std::vector<std::string> directories, const xml::Limits &limits)
      : directories_(std::move(directories)), limits_(limits) {}

  /// The administrator's, the defined ones, `further`, the shipped ones.
  static std::vector<std::string> search_path(const Directories &directories, const std::vector<std::string> &further);

  /// Reads the file when it is asked for the first time.
  const Filter *find(std::string_view name, Diagnostics &diagnostics) override;

  /// Puts a filter in front of all files.
  void define(Filter filter);
  /// Behaves as if this file were not there.
  void hide(const std::string &path) { hidden_.insert(path); }

  /// The file that find() would read, or nothing. A filter of define() has none.
  [[nodiscard]] std::optional<std::string> path_of(std::string_view name) const;
  /// Every name that find() knows, sorted.
  [[nodiscard]] Result<std::vector<std::string>> names() const;

  /// The names asked for since the last call.
  std::set<std::string> take_asked() { return std::exchange(asked_, {}); }

private:
  std::vector<std::string> directories_;
  xml::Limits limits_;
  struct Read {
    std::optional<Filter> filter;
    /// Told to everyone who asks for the filter.
    Diagnostics diagnostics;
  };
  std::map<std::string, Read, std::less<>> read_;
  std::set<std::string> hidden_;
  std::set<std::string> asked_;
};

/// Reads one file; reports NWG601 when the filter has another name than the file.
std::optional<Filter> read_filter_file(const std::string &path, const xml::Limits &limits, Diagnostics &diagnostics);

} // namespace nwgate::store
