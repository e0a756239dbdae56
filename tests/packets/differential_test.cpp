// SPDX-License-Identifier: LGPL-2.1-or-later
/// Random programs and random frames: the kernel decides about each as the interpreter says, in both layouts, and as a
/// cgroup's packet, by BPF and by rules for sockets.
///
/// NWG_DIFFERENTIAL_PROGRAMS and NWG_DIFFERENTIAL_SEED ask for more than the normal run has. A failure prints the
/// program's folder as random_filters names it, the frame, who says what, and the interpreter's reasons.
#include "judges.h"
#include "odd_frame.h"
#include "random_frame.h"

#include "engine/explain/explain.h"
#include "engine/explain/headers.h"
#include "tests/support/bridge_checks.h"
#include "tests/support/documents.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <map>
#include <random>
#include <set>

namespace nwgate::packets {
namespace {

namespace fs = std::filesystem;

constexpr int frames_per_program = 200;
/// Their explanations are printed; the others are counted.
constexpr std::size_t most_explained = 20;

std::string setting(const char *name, const char *otherwise) {
  const char *value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

/// The frame is the first of a connection, as far as conntrack can know one.
bool is_surely_new(const Frame &frame) {
  const auto *ip = std::get_if<Ip>(&frame);
  if (ip == nullptr || ip->bad_checksum) // a bad checksum makes it invalid
    return false;
  if (ip->src == ip->dst && ip->sport == ip->dport) // its own answer
    return false;
  switch (ip->protocol) {
  case IPPROTO_TCP:
    return ip->flags == syn && ip->options.empty();
  case IPPROTO_UDP:
    return true;
  case IPPROTO_ICMP:
    return ip->version == 4 && (ip->type == -1 || ip->type == 8);
  case IPPROTO_ICMPV6:
    return ip->version == 6 && (ip->type == -1 || ip->type == 128);
  default:
    return false;
  }
}

std::uint32_t u16(const std::vector<std::uint8_t> &frame, std::size_t at) {
  return frame.size() < at + 2 ? 0 : frame[at] << 8U | frame[at + 1];
}

/// Where the type of the payload stands: behind a tag, if there is one.
std::size_t place_of_type(const std::vector<std::uint8_t> &frame) {
  return u16(frame, 12) == ETH_P_8021Q || u16(frame, 12) == ETH_P_8021AD ? 16 : 12;
}

enum class Piece { whole, first, later };

/// Where connections are followed, a fragment waits for the others; in the bridge family behind a tag, too.
Piece piece_of(const std::vector<std::uint8_t> &frame) {
  const auto type = place_of_type(frame);
  if (u16(frame, type) == ETH_P_IP) {
    const auto word = u16(frame, type + 8);
    return (word & 0x1fffU) != 0 ? Piece::later : (word & 0x2000U) != 0 ? Piece::first : Piece::whole;
  }
  if (u16(frame, type) != ETH_P_IPV6 || frame.size() < type + 42)
    return Piece::whole;
  auto protocol = frame[type + 8];
  auto piece = Piece::whole;
  for (std::size_t at = type + 42; at + 2 <= frame.size();) {
    switch (protocol) {
    case IPPROTO_FRAGMENT: // there may be a second one
      piece = Piece::first;
      if ((u16(frame, at + 2) & 0xfff8U) != 0)
        return Piece::later;
      protocol = frame[at];
      at += 8;
      continue;
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_DSTOPTS:
    case IPPROTO_AH:
      break;
    default:
      return piece;
    }
    const auto length = frame[at + 1];
    const auto size = protocol == IPPROTO_AH ? (length + 2U) * 4U : (length + 1U) * 8U;
    protocol = frame[at];
    at += size;
  }
  return protocol == IPPROTO_FRAGMENT ? Piece::first : piece;
}

/// The chain of IPv6 headers ends elsewhere for the matches of ebtables than for those of the IP families; of a frame
/// without a tag.
bool has_two_ends(const std::vector<std::uint8_t> &frame) {
  if (u16(frame, 12) != ETH_P_IPV6)
    return false;
  const auto packet = explain::Bytes(frame).from(14);
  const auto to_ebtables = explain::skip_extension_headers(packet);
  const auto to_others = explain::find_last_header(packet);
  return to_ebtables.has_value() != to_others.has_value() ||
         (to_ebtables && (to_ebtables->protocol != to_others->protocol || to_ebtables->offset != to_others->offset));
}

/// Without regard to extension headers.
bool is_of_protocol(const std::vector<std::uint8_t> &frame, std::uint8_t protocol) {
  const auto type = place_of_type(frame);
  if (frame.size() < type + 12)
    return false;
  return (u16(frame, type) == ETH_P_IP && frame[type + 11] == protocol) ||
         (u16(frame, type) == ETH_P_IPV6 && frame[type + 8] == protocol);
}

/// iptables leaves a range of all ports to its own match, which drops packets whose header is cut off, and finds no
/// ports in later fragments.
bool has_range_of_all_ports(const ClosedProgram &closed) {
  const std::vector<Operand> all{Literal(std::uint32_t{0}), Literal(std::uint32_t{0xffff})};
  for (const auto &chain : closed.program.chains)
    for (const auto &rule : chain.rules)
      for (const auto &match : rule.matches)
        if (chain.layer != Layer::ethernet && match.form == Form::range && match.operands == all)
          return true;
  return false;
}

/// How many programs and frames, and what of them.
struct Tally {
  std::size_t programs = 0, wrong_documents = 0, refused = 0;
  std::size_t frames = 0, passed = 0, odd = 0, unknown = 0;
  /// Of those that cgroups are asked about: by everybody, by BPF and the interpreter alone, and by sockets.
  std::size_t of_all = 0, of_bpf = 0, of_sockets = 0;
  /// Packets that mean something else to rules for sockets.
  std::size_t of_other_meaning = 0;
  /// By who says what.
  std::map<std::string, std::size_t> disagreements;
  std::string refusals;

  [[nodiscard]] std::string to_string() const {
    auto text = fmt::format(
        "{} programs (besides {} of wrong documents; {} refused by a layout), {} frames ({} odd), {} passed, "
        "{} unknown to the interpreter, ",
        programs, wrong_documents, refused, frames, odd, passed, unknown);
    if (of_bpf > 0)
      text += fmt::format("{} judged by BPF, of which {} by both layouts and {} by sockets, too ({} mean "
                          "something else to those), ",
                          of_bpf, of_all, of_sockets, of_other_meaning);
    if (disagreements.empty())
      return text + "no disagreement";
    for (const auto &[who, times] : disagreements)
      text += fmt::format("\n{} times {}", times, who);
    return text;
  }
};

class Differential : public JudgesTest {
protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure())
      return;
    cases_ = fs::path(must_run({"mktemp", "-d"}));
    cases_ = cases_.string().substr(0, cases_.string().find('\n'));
  }
  void TearDown() override {
    if (!cases_.empty())
      fs::remove_all(cases_);
  }

  /// A third of them of the common kind, the others with many variables.
  void make_cases(const char *usual, const std::vector<std::string> &options) {
    const auto count = std::stoi(setting("NWG_DIFFERENTIAL_PROGRAMS", usual));
    const auto seed = setting("NWG_DIFFERENTIAL_SEED", "1");
    std::vector<std::string> words = {NWG_RANDOM_FILTERS, "--out", cases_};
    words.insert(words.end(), options.begin(), options.end());
    auto common = words;
    common.insert(common.end(), {"--count", std::to_string(count / 3), "--seed", seed});
    must_run(common);
    words.insert(words.end(),
                 {"--count", std::to_string(count - count / 3), "--seed", seed + "-variables", "--variables"});
    must_run(words);
    for (const auto &folder : fs::directory_iterator(cases_))
      folders_.insert(folder.path());
  }

  /// The case's filter behind a rule for the fence.
  std::optional<JudgedProgram> program_in(const fs::path &folder) {
    for (const auto &file : fs::directory_iterator(folder)) {
      const auto text = test::read_file(file.path());
      if (file.path().filename() == "binding.xml")
        continue;
      engine().write_filter(test::filter(text, file.path()).name, text);
    }
    const auto binding = test::binding(test::read_file(folder / "binding.xml"));
    write_filter("test", fence_rule, binding.filter.filter);
    Parameters parameters;
    for (const auto &parameter : binding.filter.parameters)
      parameters.emplace_back(parameter.name, parameter.value);
    return program("test", parameters);
  }

  /// The same, and without the fence for a cgroup.
  std::optional<JudgedProgram> program_for_cgroups_in(const fs::path &folder) {
    auto judged = program_in(folder);
    if (!judged)
      return std::nullopt;
    const auto binding = test::binding(test::read_file(folder / "binding.xml"));
    judged->cgroup_filter = "test-of-cgroup";
    write_filter(judged->cgroup_filter, "", binding.filter.filter);
    judged->of_cgroup = program(judged->cgroup_filter, judged->parameters).value().closed;
    return judged;
  }

  void write_filter(const std::string &name, const std::string &rule, const std::string &included) {
    engine().write_filter(name, fmt::format("<filter name='{}' chain='root'>\n{}\n<filterref filter='{}'/>\n</filter>",
                                            name, rule, included));
  }

  /// `rules` are those that frames are made for.
  std::vector<JudgedFrame> frames_for(const JudgedProgram &program, const Program &rules, std::mt19937 &random) {
    const bool follows = program.asks_for_connections();
    const bool may_be_odd = !has_range_of_all_ports(program.closed);
    // Behind hardware addresses of other lengths than Ethernet's only ebtables finds addresses.
    const Oddities allowed{!follows, !program.looks_at(Field::arp_sha, Field::arp_gratuitous),
                           program.cgroup_filter.empty()};
    std::vector<JudgedFrame> frames;
    std::uint32_t number = 0;
    for (const auto direction : {Direction::out, Direction::in})
      for (int i = 0; i < frames_per_program / 2; ++i) {
        const auto frame = random_frame(rules, direction, random);
        JudgedFrame judged{direction, bytes_of(frame, fmt::format("a frame {:08x}", ++number)), is_surely_new(frame)};
        const bool odd = may_be_odd && random() % 3 == 0;
        if (odd) {
          judged.bytes = made_odd(std::move(judged.bytes), allowed, random);
          judged.is_surely_new = false;
          ++tally_.odd;
        }
        const auto piece = piece_of(judged.bytes);
        const bool fragment = piece != Piece::whole;
        const bool broken_ipv6 =
            odd && u16(judged.bytes, place_of_type(judged.bytes)) == ETH_P_IPV6 && !interpreter_knows_broken_ipv6();
        // nf_tables of some kernels takes data of later fragments for ports and flags (nft_payload_fast_eval);
        // connection tracking of newer ones knows no DCCP.
        if ((piece == Piece::later && program.looks_at(Field::th_sport, Field::tcp_flags)) ||
            is_of_protocol(judged.bytes, IPPROTO_DCCP) || broken_ipv6)
          judged.asked = Asked::kernel_at_ports;
        // What connection tracking itself drops: DCCP without a whole header, in the bridge family behind a tag, too;
        // and there what reaches beyond the length of IPv6.
        const bool depends_on_hook = (odd && is_of_protocol(judged.bytes, IPPROTO_DCCP)) || broken_ipv6;
        if ((!follows || !(fragment || depends_on_hook)) && (may_be_odd || !fragment))
          frames.push_back(std::move(judged));
      }
    return frames;
  }

  /// Where rules for sockets have another meaning (docs/cgroups.md): to their matches of `ipv6` headers end where they
  /// end for those of the IP layer; and some kernels take data of a later fragment for ports and types.
  static bool sockets_differ(const JudgedProgram &program, const std::vector<std::uint8_t> &frame) {
    if (piece_of(frame) == Piece::later && program.looks_at(Field::th_sport, Field::icmp6_type))
      return true;
    const auto looks_behind = [](const Match &match) {
      return match.field == Field::ip6_protocol || match.field == Field::icmp6_type || match.field == Field::th_sport ||
             match.field == Field::th_dport;
    };
    return has_two_ends(frame) && std::ranges::any_of(program.of_cgroup.program.chains, [&](const Chain &chain) {
             return chain.layer == Layer::ethernet && std::ranges::any_of(chain.rules, [&](const ProgramRule &rule) {
                      return std::ranges::any_of(rule.matches, looks_behind);
                    });
           });
  }

  /// What cgroups are asked about besides: what they are not asked about as frames at a port, and what a socket can
  /// send.
  std::vector<JudgedFrame> with_packets_of_cgroups(std::vector<JudgedFrame> frames, const JudgedProgram &program) {
    for (std::size_t i = 0, count = frames.size(); i < count; ++i) {
      auto frame = frames[i];
      if (!is_of_ip(frame.bytes))
        continue;
      Packet packet;
      packet.direction = frame.direction;
      packet.frame = frame.bytes;
      const bool is_of_bridge = test::is_dropped_by_bridge(explain_packet(program.of_cgroup, packet));
      if (frame.asked == Asked::kernel_at_ports || is_of_bridge) {
        frame.asked = Asked::cgroups;
        frames.push_back(frame);
      }
      if (frame.direction != Direction::out)
        continue;
      if (auto sent = as_sent_by_socket(frame.bytes)) {
        if (sockets_differ(program, *sent)) {
          ++tally_.of_other_meaning;
          continue;
        }
        frame.bytes = std::move(*sent);
        frame.asked = Asked::cgroups_and_sockets;
        frames.push_back(frame);
      }
    }
    return frames;
  }

  void take(const fs::path &folder, const JudgedProgram &program, const std::vector<JudgedFrame> &frames,
            const Judgements &judgements) {
    tally_.refused += judgements.refusals.empty() ? 0 : 1;
    tally_.refusals += judgements.refusals;
    if (!judgements.answers.front().xtables && !judgements.answers.front().nftables)
      return;
    ++tally_.programs;
    tally_.frames += frames.size();
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto &answer = judgements.answers[i];
      tally_.passed += answer.nftables.value_or(false) ? 1 : 0;
      tally_.unknown += answer.interpreter ? 0 : 1;
      tally_.of_bpf += answer.bpf ? 1 : 0;
      tally_.of_all += answer.bpf && answer.interpreter && answer.xtables && answer.nftables ? 1 : 0;
      tally_.of_sockets += answer.sockets ? 1 : 0;
      if (answer.is_unanimous())
        continue;
      ++tally_.disagreements[answer.to_string()];
      if (++explained_ <= most_explained)
        ADD_FAILURE() << folder.filename() << ", " << (frames[i].direction == Direction::out ? "out" : "in") << " hex "
                      << in_hexadecimal(frames[i].bytes) << '\n'
                      << answer.to_string() << reasons(program.closed, frames[i]);
    }
  }

  void expect_agreement() {
    EXPECT_GT(tally_.passed, tally_.frames / 20) << "too few frames pass to say anything";
    EXPECT_LT(tally_.passed, tally_.frames - tally_.frames / 20);
    EXPECT_LT(tally_.unknown, tally_.frames / 2) << "too few frames are judged";
    EXPECT_TRUE(tally_.disagreements.empty());
    std::cout << tally_.to_string() << '\n';
    if (setting("NWG_DIFFERENTIAL_PROGRAMS", "").empty())
      std::cout << tally_.refusals;
  }

  fs::path cases_;
  /// In the same order everywhere: the frames depend on it.
  std::set<fs::path> folders_;
  Tally tally_;
  std::size_t explained_ = 0;
};

TEST_F(Differential, ThreeJudgesAgree) {
  make_cases("60", {});
  std::mt19937::result_type number = 0;
  for (const auto &folder : folders_) {
    std::mt19937 random(++number);
    const auto program = program_in(folder);
    if (!program) {
      ++tally_.wrong_documents;
      continue;
    }
    const auto frames = frames_for(*program, program->closed.program, random);
    take(folder, *program, frames, judge(*program, frames));
  }
  expect_agreement();
}

/// Of programs that can be those of a cgroup, too: BPF is the fourth, and sockets are a fifth.
TEST_F(Differential, FourJudgesAgree) {
  make_cases("40", {"--cgroup"});
  ASSERT_NO_FATAL_FAILURE(ask_cgroups());
  std::mt19937::result_type number = 0;
  for (const auto &folder : folders_) {
    std::mt19937 random(++number);
    const auto program = program_for_cgroups_in(folder);
    if (!program) {
      ++tally_.wrong_documents;
      continue;
    }
    const auto frames = with_packets_of_cgroups(frames_for(*program, program->of_cgroup.program, random), *program);
    take(folder, *program, frames, judge(*program, frames));
  }
  expect_agreement();
  EXPECT_GT(tally_.of_all, tally_.programs * frames_per_program / 2) << "too few frames are judged by all";
  EXPECT_GT(tally_.of_sockets, tally_.programs * frames_per_program / 5) << "too few packets are sent by sockets";
}

} // namespace
} // namespace nwgate::packets
