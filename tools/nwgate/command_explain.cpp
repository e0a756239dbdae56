// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/bindings.h"
#include "engine/explain/explain.h"
#include "engine/explain/packet_words.h"
#include "engine/program/names.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/compiler.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/explain_capture.h"
#include "tools/nwgate/explanation_output.h"

#include <algorithm>
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
      throw po::error(name + " has more than one binding");
    return bindings.empty() ? std::nullopt : std::optional(std::move(bindings.front()));
  }
  const auto files = session.bindings();
  const auto file = files.find(name);
  if (!file)
    throw po::error(fmt::format("the port '{}' has no binding", name));
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

/// A packet has a direction and a protocol at least, so that one word alone names a file.
bool is_capture(const std::vector<std::string> &arguments) {
  if (arguments.size() != 1)
    return false;
  const auto &name = arguments.front();
  const auto packet = split(arguments);
  return name.ends_with(".pcap") || name.ends_with(".pcapng") || (packet.size() == 1 && !find_direction(name));
}

struct ExplainOptions {
  std::string expected;
  std::string direction = "auto";
  bool summary = false;

  [[nodiscard]] bool meets(bool all_accepted, bool none_accepted) const {
    return expected.empty() || (expected == "accept" ? all_accepted : none_accepted);
  }
};

void check(const ExplainOptions &options, bool of_capture) {
  const auto &expected = options.expected;
  if (!expected.empty() && expected != "accept" && expected != "drop")
    throw po::error(fmt::format("no verdict '{}': accept or drop", expected));
  if (options.direction != "auto" && !find_direction(options.direction))
    throw po::error(fmt::format("no direction '{}': out, in or auto", options.direction));
  if (!of_capture && (options.summary || options.direction != "auto"))
    throw po::error("--direction and --summary go with a capture, of which no file is named");
}

int explain_file(const std::string &path, const Binding &binding, const ClosedProgram &program,
                 const ExplainOptions &options, Session &session) {
  const CaptureOptions form{binding.mac, find_direction(options.direction), session.options.json, options.summary};
  const auto counts = explain_capture(path, program, form, std::cout);
  if (!counts) {
    std::cout.flush();
    return session.fail_with(counts.error());
  }
  const bool meets =
      options.meets(counts->accepted == counts->all(), counts->dropped + counts->rejected == counts->all());
  return session.finish(meets ? exit_done : exit_no);
}

/// A cgroup's packet has to be accepted for the bound cgroups above it, too.
std::vector<Binding> ancestors_of(const Binding &binding, Session &session) {
  std::vector<Binding> ancestors;
  const auto files = session.bindings();
  for (auto path = binding.cgroup ? binding.cgroup->path : std::string(); path.size() > 1;) {
    path.resize(std::max<std::size_t>(path.rfind('/'), 1));
    if (const auto file = files.find(path))
      if (auto above = files.read(*file, session.diagnostics))
        ancestors.push_back(std::move(*above));
  }
  return ancestors;
}

int explain_words(const std::vector<std::string> &words, const Binding &binding, const ClosedProgram &program,
                  const ExplainOptions &options, Session &session) {
  PacketDefaults defaults;
  defaults.workload = binding.mac;
  const auto packet = parse_packet(words, defaults);
  if (const auto *why = std::get_if<std::string>(&packet))
    throw po::error("the packet: " + *why);
  const auto explanation = explain_packet(program, std::get<Packet>(packet));
  std::cout << (session.options.json ? explanation_json(explanation) : explanation_text(explanation));
  bool is_accepted = explanation.verdict == VerdictKind::accept;
  Compiler compiler(session);
  for (const auto &above : ancestors_of(binding, session)) {
    const auto closed = compiler.close(above, session.diagnostics);
    if (!closed)
      return session.finish();
    const auto other = explain_packet(*closed, std::get<Packet>(packet));
    if (!session.options.json)
      std::cout << fmt::format("\nand cgroup {}, which is above it:\n", above.name());
    std::cout << (session.options.json ? explanation_json(other) : explanation_text(other));
    is_accepted = is_accepted && other.verdict == VerdictKind::accept;
  }
  return session.finish(options.meets(is_accepted, !is_accepted) ? exit_done : exit_no);
}

} // namespace

int command_explain(const Words &words) {
  ExplainOptions options;
  Arguments arguments(
      "explain", "PORT|BINDING.xml PACKET|FILE.pcap",
      "Tells what becomes of a packet, and why: each rule that it meets, whether the rule matches, where the rule was\n"
      "written. PACKET is as in 'out tcp 10.0.0.1:1234 > 10.0.0.2:22 new'; nwgate(1) has all words. Of a capture, "
      "every\n"
      "packet is explained; connections are followed from one to the next. Needs no privileges: it is computed from\n"
      "the documents, not asked of the kernel.");
  auto add = arguments.add_options();
  add("expect", po::value(&options.expected)->value_name("VERDICT"),
      "accept or drop: exit code 1 if a packet meets the other one");
  add("direction", po::value(&options.direction)->value_name("WHICH"),
      "of all packets of the capture: out, in, or auto: those from the workload's MAC address are out");
  add("summary", po::bool_switch(&options.summary), "one line for each packet of the capture");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(2, 1000);
  const std::vector<std::string> packet(arguments.words().begin() + 1, arguments.words().end());
  check(options, is_capture(packet));
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto binding = find_binding(arguments.words().front(), session);
  Compiler compiler(session);
  const auto program = binding ? compiler.close(*binding, session.diagnostics) : std::nullopt;
  if (!program)
    return session.finish();
  return is_capture(packet) ? explain_file(packet.front(), *binding, *program, options, session)
                            : explain_words(split(packet), *binding, *program, options, session);
}

} // namespace nwgate
