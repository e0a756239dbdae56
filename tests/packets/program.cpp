// SPDX-License-Identifier: LGPL-2.1-or-later
#include "program.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nwgate::packets {
namespace {

/// A file without a name: a program's input or output, which no size of it can block.
class MemoryFile {
public:
  explicit MemoryFile(const std::string &content = {}) : descriptor_(memfd_create("text", MFD_CLOEXEC)) {
    EXPECT_EQ(write(descriptor_, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    lseek(descriptor_, 0, SEEK_SET);
  }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;
  ~MemoryFile() { close(descriptor_); }

  [[nodiscard]] int descriptor() const { return descriptor_; }

  [[nodiscard]] std::string content() const {
    std::string text;
    std::array<char, 65536> part{};
    for (ssize_t size = 0; (size = pread(descriptor_, part.data(), part.size(), static_cast<off_t>(text.size()))) > 0;)
      text.append(part.data(), static_cast<std::size_t>(size));
    return text;
  }

private:
  int descriptor_;
};

} // namespace

Outcome run(const std::vector<std::string> &arguments, const std::string &input) {
  const MemoryFile in(input);
  const MemoryFile out;
  const MemoryFile err;
  std::vector<char *> words;
  words.reserve(arguments.size() + 1);
  for (const auto &argument : arguments)
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.descriptor(), STDERR_FILENO);
  pid_t child = 0;
  const int error = posix_spawnp(&child, words.front(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    return {-1, {}, arguments.front() + ": " + std::strerror(error)};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out.content(), err.content()};
}

std::string must_run(const std::vector<std::string> &arguments, const std::string &input) {
  const auto outcome = run(arguments, input);
  std::string line;
  for (const auto &argument : arguments)
    line += argument + ' ';
  EXPECT_TRUE(outcome.ok()) << line << "\n" << input << "\n" << outcome.errors << outcome.output;
  return outcome.output;
}

} // namespace nwgate::packets
