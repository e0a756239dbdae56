// SPDX-License-Identifier: LGPL-2.1-or-later
/// Bindings in files: each named like its port.
#pragma once

#include "drivers/store/directories.h"
#include "engine/base/result.h"
#include "engine/model/binding.h"
#include "engine/xml/document.h"

#include <optional>
#include <string>
#include <vector>

namespace nwgate::store {

class BindingFiles {
public:
  BindingFiles(const Directories &directories, const xml::Limits &limits)
      : directories_(directories), limits_(limits) {}

  struct Listed {
    std::string port;
    std::string path;
    /// In the administrator's directory.
    bool permanent = false;
  };
  /// All files, sorted by port; the administrator's wins where a port has two.
  [[nodiscard]] Result<std::vector<Listed>> list() const;
  /// The file of one port.
  [[nodiscard]] std::optional<Listed> find(const std::string &port) const;

  /// Reads one file; reports NWG601 when its port is another than the file's name says.
  std::optional<Binding> read(const Listed &file, Diagnostics &diagnostics) const;

  /// Where the command keeps the binding of a port.
  [[nodiscard]] std::string transient_path(const std::string &port) const;

private:
  const Directories &directories_;
  xml::Limits limits_;
};

/// Reads a file of one or more bindings (`<domain>` may have several).
std::vector<Binding> read_binding_file(const std::string &path, const xml::Limits &limits, Diagnostics &diagnostics);

} // namespace nwgate::store
