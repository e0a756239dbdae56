// SPDX-License-Identifier: LGPL-2.1-or-later
/// Files, written so that nobody ever reads half of one.
#pragma once

#include "engine/base/result.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nwgate::store {

/// The whole file, or an error. More than `limit` bytes are cut at limit + 1, so that a reader with the same limit sees
/// that there was too much.
Result<std::string> read_file(const std::string &path, std::size_t limit);

/// The names in a directory that end in `.xml`, sorted, without those that begin with a dot; none if the directory does
/// not exist.
Result<std::vector<std::string>> list_xml(const std::string &directory);

[[nodiscard]] bool exists(const std::string &path);

/// A file that is written beside its final place, as `.NAME.new`, and gets there by rename. What is not published
/// disappears with the object; what a killed process left, with the next writer or remove_file(). One process at a time
/// may write a file: hold a Lock.
class StagedFile {
public:
  /// Makes missing directories, writes and syncs `text`.
  static Result<StagedFile> write(const std::string &path, std::string_view text);
  StagedFile(StagedFile &&other) noexcept;
  StagedFile &operator=(StagedFile &&) = delete;
  StagedFile(const StagedFile &) = delete;
  StagedFile &operator=(const StagedFile &) = delete;
  ~StagedFile();

  /// Renames into place and syncs the directory.
  Result<> publish();

private:
  StagedFile(std::string temporary, std::string path) : temporary_(std::move(temporary)), path_(std::move(path)) {}
  std::string temporary_;
  std::string path_;
};

/// An error if remove_file() would not be allowed: for asking before something else is done that cannot be taken back.
Result<> check_removable(const std::string &path);
/// Removes a file, and what was written beside it, and syncs its directory. A file that is not there is no error.
Result<> remove_file(const std::string &path);

/// Held while one process changes definitions and kernel together; waits for another that holds it.
class Lock {
public:
  static Result<Lock> take(const std::string &path);
  Lock(Lock &&other) noexcept;
  Lock &operator=(Lock &&) = delete;
  Lock(const Lock &) = delete;
  Lock &operator=(const Lock &) = delete;
  ~Lock();

private:
  explicit Lock(int file) : file_(file) {}
  int file_;
};

} // namespace nwgate::store
