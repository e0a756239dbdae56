// SPDX-License-Identifier: LGPL-2.1-or-later
/// Objects of BPF by their names in a file system of type bpf, where they outlive the process.
#pragma once

#include "drivers/bpf/descriptor.h"
#include "drivers/bpf/library.h"

#include "engine/base/result.h"
#include "engine/net/layer.h"

#include <cstdint>
#include <optional>
#include <string>

namespace nwgate::bpf {

/// The names in the directory of one filter.
const char *pin_name(Direction direction);
inline constexpr const char *counters_pin = "counters";

bpf_attach_type attach_type(Direction direction);

/// A link of a program to a cgroup.
struct Link {
  Descriptor link;
  /// 0 some time after the cgroup is gone.
  std::uint64_t cgroup_id = 0;
  std::uint32_t program_id = 0;
};

/// The directory of one filter, such as /sys/fs/bpf/nwgate/NAME. Its names have no dot: the kernel takes none (EPERM).
class PinDirectory {
public:
  PinDirectory(const Library &bpf, std::string path) : bpf_(bpf), path_(std::move(path)) {}

  /// It and those above it are made where they are missing, in a file system of type bpf.
  Result<> make();

  /// Nothing if there is no such name, or the object is no link of that direction to a cgroup.
  Result<std::optional<Link>> link(const std::string &name, Direction direction);
  /// Nothing if there is none, or a map of another form.
  Result<std::optional<Descriptor>> counters();

  /// The name is given to the object and taken from what had it before, in one step.
  Result<> replace(const std::string &name, int object);
  /// A name under which something was left on the way to its own; the last step of replace().
  static std::string unfinished(const std::string &name) { return name + "-new"; }
  Result<> finish(const std::string &name);

  /// Nothing happens if there is no such name.
  Result<> remove(const std::string &name);
  /// It must be empty, or not there.
  Result<> remove();

  [[nodiscard]] std::string path_of(const std::string &name) const { return path_ + '/' + name; }
  [[nodiscard]] const std::string &path() const { return path_; }

private:
  /// Nothing if it is not there.
  Result<std::optional<Descriptor>> open(const std::string &name);

  const Library &bpf_;
  std::string path_;
};

} // namespace nwgate::bpf
