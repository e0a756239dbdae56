// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/explain_capture.h"

#include "drivers/capture/capture_file.h"
#include "engine/explain/traffic.h"
#include "engine/program/names.h"
#include "tools/nwgate/explanation_output.h"
#include "tools/nwgate/output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace nwgate {
namespace {

using Json = nlohmann::ordered_json;

/// `2026-01-31T12:00:00.000000001Z`.
std::string time_text(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(static_cast<std::time_t>(seconds.count())),
                     (time - seconds).count());
}

std::string verdict_text(const JudgedFrame &frame) {
  return frame.explanation ? std::string(name_of(frame.explanation->verdict)) : "not judged";
}

/// One frame after the other, in one of the forms.
class Writer {
public:
  Writer(const CaptureOptions &options, std::ostream &out) : options_(options), out_(out) {}

  void begin() {
    if (options_.json)
      out_ << "{\n\"packets\": [";
  }

  void frame(const JudgedFrame &frame, std::chrono::nanoseconds time) {
    count(frame);
    if (options_.json)
      out_ << (counts_.all() == 1 ? "\n" : ",\n") << json_text(object(frame, time));
    else if (options_.summary)
      out_ << line(frame);
    else
      out_ << block(frame, time);
  }

  void end(const std::vector<std::string> &notes, const Error *error) {
    if (options_.json) {
      const Json counts{{"accept", counts_.accepted},
                        {"drop", counts_.dropped},
                        {"reject", counts_.rejected},
                        {"not_judged", counts_.unjudged}};
      out_ << "\n],\n\"counts\": " << json_text(counts, -1) << ",\n\"notes\": " << json_text(notes, -1);
      if (error != nullptr)
        out_ << ",\n\"error\": " << json_text(error->message(), -1);
      out_ << "\n}\n";
      return;
    }
    for (const auto &note : notes)
      out_ << "note: " << note << '\n';
    out_ << fmt::format("{} packets: {} accept, {} drop, {} reject, {} not judged\n", counts_.all(), counts_.accepted,
                        counts_.dropped, counts_.rejected, counts_.unjudged);
  }

  [[nodiscard]] const CaptureCounts &counts() const { return counts_; }

private:
  void count(const JudgedFrame &frame) {
    if (!frame.explanation)
      ++counts_.unjudged;
    else if (frame.explanation->verdict == VerdictKind::accept)
      ++counts_.accepted;
    else
      ++(frame.explanation->verdict == VerdictKind::reject ? counts_.rejected : counts_.dropped);
  }

  [[nodiscard]] std::string block(const JudgedFrame &frame, std::chrono::nanoseconds time) const {
    auto text = fmt::format("packet {}, {}\n{}\n", counts_.all(), time_text(time), frame.words);
    if (frame.explanation)
      text += explanation_text(*frame.explanation);
    for (const auto &note : frame.notes)
      text += "note: " + note + '\n';
    return text + '\n';
  }

  [[nodiscard]] std::string line(const JudgedFrame &frame) const {
    const auto by = frame.explanation ? decided_by_text(*frame.explanation) : std::string();
    auto text = fmt::format("{:>5}  {}  {}", counts_.all(), frame.words, verdict_text(frame));
    if (!by.empty())
      text += "  " + by;
    if (!frame.notes.empty())
      text += fmt::format("  [{}]", fmt::join(frame.notes, "; "));
    return text + '\n';
  }

  [[nodiscard]] Json object(const JudgedFrame &frame, std::chrono::nanoseconds time) const {
    Json json{{"packet", counts_.all()},
              {"time", time_text(time)},
              {"direction", name_of(frame.packet.direction)},
              {"words", frame.words}};
    if (frame.explanation)
      json.update(explanation_object(*frame.explanation, !options_.summary));
    else
      json["verdict"] = Json();
    if (!frame.notes.empty())
      json["notes"] = frame.notes;
    return json;
  }

  const CaptureOptions &options_;
  std::ostream &out_;
  CaptureCounts counts_;
};

} // namespace

Result<CaptureCounts> explain_capture(const std::string &path, const ClosedProgram &program,
                                      const CaptureOptions &options, std::ostream &out) {
  auto capture = capture::CaptureFile::open(path);
  if (!capture)
    return fail(capture.error());
  std::vector<std::string> notes;
  if (program.program.looks_at(Field::set_lookup))
    notes.emplace_back("IP sets are not looked into: every lookup fails");
  Traffic traffic(program, options.workload, options.direction);
  Writer writer(options, out);
  writer.begin();
  for (;;) {
    auto frame = capture->next();
    if (!frame) {
      writer.end(notes, &frame.error());
      return fail(frame.error());
    }
    if (!*frame)
      break;
    const auto time = (*frame)->time;
    writer.frame(traffic.judge({time, std::move((*frame)->bytes), (*frame)->length}), time);
  }
  writer.end(notes, nullptr);
  return writer.counts();
}

} // namespace nwgate
