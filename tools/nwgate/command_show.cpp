// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/session.h"

#include <fmt/format.h>
#include <iostream>

namespace nwgate {

int command_show(const Words &words) {
  Arguments arguments("show", "NAME", "Prints a filter's document as it stands in its file.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(1, 1);
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto &name = arguments.words().front();
  const auto path = session.filters.path_of(name);
  if (!path) {
    std::cerr << fmt::format("nwgate: there is no filter named '{}'\n", name);
    return exit_document;
  }
  const auto text = store::read_file(*path, session.settings.document_limits.document_size);
  if (!text)
    return session.fail_with(text.error());
  std::cout << *text;
  return exit_done;
}

} // namespace nwgate
