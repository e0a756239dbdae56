// SPDX-License-Identifier: LGPL-2.1-or-later
// The text form of programs: input as text, and input as the choices that make a program.

#include "engine/program/text_form.h"
#include "engine/program/verify.h"
#include "tests/fuzz/checks.h"
#include "tests/support/random_program.h"

namespace {

using namespace nwgate;

void as_text(std::string_view text) {
  const auto program = parse_program(text);
  if (std::holds_alternative<std::string>(program))
    return;
  (void)verify(std::get<Program>(program), false);
  const auto printed = to_text(std::get<Program>(program));
  const auto back = parse_program(printed);
  if (const auto *why = std::get_if<std::string>(&back))
    fuzz::broken("what was read is not read again: " + *why + "\n" + printed);
  if (to_text(std::get<Program>(back)) != printed)
    fuzz::broken("what was read changes when it is read again:\n" + printed);
}

void as_choices(const std::uint8_t *data, std::size_t size) {
  std::size_t at = 0;
  const test::Choice choose = [&](unsigned bound) {
    const unsigned low = at < size ? data[at++] : 0;
    const unsigned high = bound > 256 && at < size ? data[at++] : 0;
    return (high << 8U | low) % bound;
  };
  const bool closed = choose(2) == 1;
  fuzz::check(test::random_program(choose, closed), closed);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  as_text(std::string_view(reinterpret_cast<const char *>(data), size));
  as_choices(data, size);
  return 0;
}
