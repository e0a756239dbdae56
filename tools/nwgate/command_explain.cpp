// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/bindings.h"
#include "engine/explain/explain.h"
#include "engine/explain/packet_words.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/compiler.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/explanation_output.h"

#include <fmt/format.h>
#include <iostream>
#include <sstream>

namespace nwgate {
namespace {

/// The binding that a port has, or that of a document. Nothing when there is an error, which is in the diagnostics.
std::optional<Binding> find_binding(const std::string &name, Session &session) {
  if (name.ends_with(".xml")) {
    auto bindings = store::read_binding_file(name, session.settings.document_limits, session.diagnostics);
    if (bindings.size() > 1)
      throw boost::program_options::error(name + " has more than one binding");
    return bindings.empty() ? std::nullopt : std::optional(std::move(bindings.front()));
  }
  const auto files = session.bindings();
  const auto file = files.find(name);
  if (!file)
    throw boost::program_options::error(fmt::format("the port '{}' has no binding", name));
  return files.read(*file, session.diagnostics);
}

/// `'out tcp ...'` in one argument or in several.
std::vector<std::string> split(const std::vector<std::string> &arguments) {
  std::vector<std::string> words;
  for (const auto &argument : arguments) {
    std::istringstream text(argument);
    for (std::string word; text >> word;)
      words.push_back(word);
  }
  return words;
}

} // namespace

int command_explain(const Words &words) {
  std::string expected;
  Arguments arguments(
      "explain", "PORT|BINDING.xml PACKET",
      "Tells what becomes of a packet, and why: each rule that it meets, whether the rule matches, where the rule was\n"
      "written. PACKET is as in 'out tcp 10.0.0.1:1234 > 10.0.0.2:22 new'; nwgate(1) has all words. Needs no\n"
      "privileges: it is computed from the documents, not asked of the kernel.");
  arguments.add_options()("expect", boost::program_options::value(&expected)->value_name("VERDICT"),
                          "accept or drop: exit code 1 if the packet meets the other one");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(2, 1000);
  if (!expected.empty() && expected != "accept" && expected != "drop")
    throw boost::program_options::error(fmt::format("no verdict '{}': accept or drop", expected));
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto binding = find_binding(arguments.words().front(), session);
  Compiler compiler(session);
  const auto program = binding ? compiler.close(*binding, session.diagnostics) : std::nullopt;
  if (!program)
    return session.finish();
  PacketDefaults defaults;
  defaults.workload = binding->mac;
  const auto packet = parse_packet(split({arguments.words().begin() + 1, arguments.words().end()}), defaults);
  if (const auto *why = std::get_if<std::string>(&packet))
    throw boost::program_options::error("the packet: " + *why);

  const auto explanation = explain_packet(*program, std::get<Packet>(packet));
  std::cout << (arguments.common().json ? explanation_json(explanation) : explanation_text(explanation));
  const bool is_accepted = explanation.verdict == VerdictKind::accept;
  const bool is_as_expected = expected.empty() || is_accepted == (expected == "accept");
  return session.finish(is_as_expected ? exit_done : exit_no);
}

} // namespace nwgate
