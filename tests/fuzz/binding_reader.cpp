// SPDX-License-Identifier: LGPL-2.1-or-later
// A document, read as bindings; each is written and read back.

#include "engine/xml/binding_reader.h"
#include "engine/xml/binding_writer.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace nwgate;

void check_round_trip(const Binding &binding) {
  const auto text = xml::write_binding(binding);
  Diagnostics diagnostics;
  const auto back = xml::read_bindings(std::make_shared<const SourceText>("written.xml", text), {}, diagnostics);
  if (back.size() != 1)
    fuzz::broken("a binding that was written cannot be read:\n" + text);
  if (xml::write_binding(back.front()) != text)
    fuzz::broken("a binding changes when it is written and read:\n" + text + xml::write_binding(back.front()));
  if (back.front().port != binding.port || back.front().link != binding.link || back.front().mac != binding.mac ||
      back.front().cgroup != binding.cgroup || back.front().backend != binding.backend ||
      back.front().merges_lists != binding.merges_lists || back.front().owner_name != binding.owner_name ||
      back.front().filter.filter != binding.filter.filter ||
      back.front().filter.parameters.size() != binding.filter.parameters.size())
    fuzz::broken("a binding reads back as another:\n" + text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  Diagnostics diagnostics;
  const auto bindings = xml::read_bindings(fuzz::source(data, size), {}, diagnostics);
  fuzz::check(diagnostics, bindings.empty());
  for (const auto &binding : bindings)
    check_round_trip(binding);
  return 0;
}
