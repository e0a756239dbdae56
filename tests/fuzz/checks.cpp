// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fuzz/checks.h"

#include "engine/base/diagnostics_json.h"
#include "engine/program/json_form.h"
#include "engine/program/text_form.h"
#include "engine/program/verify.h"
#include "tests/support/random_program.h"

#include <cstdio>
#include <cstdlib>

namespace nwgate::fuzz {

void broken(const std::string &why) {
  std::fprintf(stderr, "broken: %s\n", why.c_str());
  std::abort();
}

std::shared_ptr<const SourceText> source(const std::uint8_t *data, std::size_t size) {
  return std::make_shared<const SourceText>("input.xml", std::string(data, data + size));
}

void check(const Diagnostics &diagnostics, bool failed) {
  if (diagnostics.ok() == failed)
    broken(failed ? "failed without an error" : "an error, and a result");
  const auto sorted = diagnostics.sorted();
  (void)to_json(sorted);
  for (const auto &item : sorted) {
    (void)to_text(item);
    if (item.where.source && item.where.line > item.where.source->line_starts.size())
      broken("a line behind the document's end: " + to_line(item));
    if (item.message.empty() || item.id.empty())
      broken("a diagnostic without words");
  }
}

void check(const Program &program, bool closed) {
  for (const auto &what : verify(program, closed))
    broken(what);
  const auto text = to_text(program);
  const auto back = parse_program(text);
  if (const auto *why = std::get_if<std::string>(&back))
    broken("the text form does not read back: " + *why + "\n" + text);
  if (!test::same_content(std::get<Program>(back), program) || to_text(std::get<Program>(back)) != text)
    broken("the text form reads back as another program\n" + text);
  (void)to_json(program);
}

} // namespace nwgate::fuzz
