// SPDX-License-Identifier: LGPL-2.1-or-later
/// What becomes of each frame of a capture, for people and for programs.
#pragma once

#include "engine/base/result.h"
#include "engine/net/layer.h"
#include "engine/net/mac_address.h"
#include "engine/program/program.h"

#include <optional>
#include <ostream>
#include <string>

namespace nwgate {

struct CaptureOptions {
  MacAddress workload;
  /// Nothing: by the frame's address.
  std::optional<Direction> direction;
  bool json = false;
  /// One line a frame.
  bool summary = false;
};

/// How many frames there were of each end.
struct CaptureCounts {
  std::size_t accepted = 0;
  std::size_t dropped = 0;
  std::size_t rejected = 0;
  std::size_t unjudged = 0;

  [[nodiscard]] std::size_t all() const { return accepted + dropped + rejected + unjudged; }
};

/// Writes as it reads. If the file breaks off, the frames before are written, and the error is the answer.
Result<CaptureCounts> explain_capture(const std::string &path, const ClosedProgram &program,
                                      const CaptureOptions &options, std::ostream &out);

} // namespace nwgate
