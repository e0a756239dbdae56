// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/files.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace nwgate::store {
namespace {

/// A file descriptor that is closed at the end of the block.
class Descriptor {
public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  Descriptor(Descriptor &&) = delete;
  Descriptor &operator=(Descriptor &&) = delete;
  ~Descriptor() {
    if (number_ >= 0)
      close(number_);
  }
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

private:
  int number_;
};

std::string directory_of(const std::string &path) { return std::filesystem::path(path).parent_path().string(); }

Result<> sync_directory(const std::string &path) {
  const Descriptor directory(open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || fsync(directory.get()) != 0)
    return fail("cannot sync " + directory_of(path), errno);
  return {};
}

Result<> make_directories(const std::string &path) {
  std::error_code error;
  std::filesystem::create_directories(directory_of(path), error);
  if (error)
    return fail("cannot make " + directory_of(path), error.value());
  return {};
}

/// Where the text of `path` is until it is published. A leading dot keeps it out of list_xml().
std::string stage_of(const std::string &path) {
  const auto slash = path.rfind('/') + 1;
  return fmt::format("{}.{}.new", path.substr(0, slash), path.substr(slash));
}

Result<> write_all(int file, std::string_view text, const std::string &path) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR)
      return fail("cannot write " + path, errno);
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  if (fsync(file) != 0)
    return fail("cannot write " + path, errno);
  return {};
}

} // namespace

Result<std::string> read_file(const std::string &path, std::size_t limit) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open())
    return fail("cannot read " + path, errno);
  std::string text;
  char buffer[65536];
  while (text.size() <= limit) {
    const auto size = read(file.get(), buffer, std::min(sizeof buffer, limit + 1 - text.size()));
    if (size == 0)
      break;
    if (size > 0)
      text.append(buffer, static_cast<std::size_t>(size));
    else if (errno != EINTR)
      return fail("cannot read " + path, errno);
  }
  return text;
}

Result<std::vector<std::string>> list_xml(const std::string &directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    auto name = entry->path().filename().string();
    if (name.ends_with(".xml") && !name.starts_with('.'))
      names.push_back(std::move(name));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail("cannot list " + directory, error.value());
  std::ranges::sort(names);
  return names;
}

bool exists(const std::string &path) { return access(path.c_str(), F_OK) == 0; }

Result<StagedFile> StagedFile::write(const std::string &path, std::string_view text) {
  if (auto made = make_directories(path); !made)
    return fail(std::move(made.error()));
  const auto temporary = stage_of(path);
  const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.is_open())
    return fail("cannot write " + temporary, errno);
  StagedFile staged(temporary, path);
  if (auto written = write_all(file.get(), text, temporary); !written)
    return fail(std::move(written.error()));
  return staged;
}

StagedFile::StagedFile(StagedFile &&other) noexcept
    : temporary_(std::exchange(other.temporary_, {})), path_(std::move(other.path_)) {}

StagedFile::~StagedFile() {
  if (!temporary_.empty())
    unlink(temporary_.c_str());
}

Result<> StagedFile::publish() {
  if (rename(temporary_.c_str(), path_.c_str()) != 0)
    return fail("cannot write " + path_, errno);
  temporary_.clear();
  return sync_directory(path_);
}

Result<> check_removable(const std::string &path) {
  if (exists(path) && access(directory_of(path).c_str(), W_OK) != 0)
    return fail("cannot remove " + path, errno);
  return {};
}

Result<> remove_file(const std::string &path) {
  unlink(stage_of(path).c_str());
  if (unlink(path.c_str()) != 0 && errno != ENOENT)
    return fail("cannot remove " + path, errno);
  return exists(directory_of(path)) ? sync_directory(path) : Result<>{};
}

Result<Lock> Lock::take(const std::string &path) {
  if (auto made = make_directories(path); !made)
    return fail(std::move(made.error()));
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    return fail("cannot open " + path, errno);
  Lock lock(file);
  while (flock(file, LOCK_EX) != 0)
    if (errno != EINTR)
      return fail("cannot lock " + path, errno);
  return lock;
}

Lock::Lock(Lock &&other) noexcept : file_(std::exchange(other.file_, -1)) {}

Lock::~Lock() {
  if (file_ >= 0)
    close(file_);
}

} // namespace nwgate::store
