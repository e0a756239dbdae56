// SPDX-License-Identifier: LGPL-2.1-or-later
/// Captures of Ethernet in files, in the forms of pcap and pcapng.
#pragma once

#include "engine/base/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::capture {

struct Frame {
  /// Since 1970.
  std::chrono::nanoseconds time{};
  /// What the capture has of it: it may have cut the frame.
  std::vector<std::uint8_t> bytes;
  /// On the wire.
  std::size_t length = 0;
};

class CaptureFile {
public:
  /// `-` is the standard input. Errors name the file.
  static Result<CaptureFile> open(const std::string &path);
  CaptureFile(CaptureFile &&other) noexcept;
  CaptureFile &operator=(CaptureFile &&) = delete;
  ~CaptureFile();

  /// The next frame, nothing at the end.
  Result<std::optional<Frame>> next();

private:
  struct Reader;
  explicit CaptureFile(std::unique_ptr<Reader> reader);

  std::unique_ptr<Reader> reader_;
};

} // namespace nwgate::capture
