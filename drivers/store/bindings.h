// SPDX-License-Identifier: LGPL-2.1-or-later
/// Bindings in files: each named like its port, or cgroup.
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
    /// Binding::name().
    std::string name;
    std::string path;
    /// In the administrator's directory.
    bool permanent = false;
  };
  /// All files, sorted by name; the administrator's wins where there are two. Of a file whose name is shortened, the
  /// document says what it binds; if it is broken in such a way that it does not, it is listed by the file's name.
  [[nodiscard]] Result<std::vector<Listed>> list() const;
  /// The file of one binding: not one of that name whose document is another cgroup's.
  [[nodiscard]] std::optional<Listed> find(const std::string &name) const;

  /// Reads one file; reports NWG601 when it binds something else than its name says.
  std::optional<Binding> read(const Listed &file, Diagnostics &diagnostics) const;

  /// Where the command keeps a binding.
  [[nodiscard]] std::string transient_path(const std::string &name) const;

private:
  [[nodiscard]] std::vector<std::string> names_in(const std::string &path) const;
  const Directories &directories_;
  xml::Limits limits_;
};

/// The name of a binding's file, without `.xml`: that of the port; of a cgroup, `:system.slice:nginx.service` for
/// `/system.slice/nginx.service`, in which `:` is `%3A` and `%` is `%25`, shortened(). No port's name has a colon.
std::string file_stem_of(const std::string &name);
/// What file_stem_of() was given; nothing if that was shortened.
std::optional<std::string> name_of_stem(const std::string &stem);
/// A name that files can have, with what is put around it while they are written: if it is too long, its beginning,
/// `%-`, and a hash of the whole, which may be that of another name as well.
std::string shortened(std::string stem);

/// Reads a file of one or more bindings (`<domain>` may have several).
std::vector<Binding> read_binding_file(const std::string &path, const xml::Limits &limits, Diagnostics &diagnostics);

} // namespace nwgate::store
