// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/disassembly.h"

#include <cstdint>
#include <cstdlib>
#include <fmt/format.h>

namespace nwgate::bpf {
namespace {

const char *size_name(unsigned code) {
  switch (BPF_SIZE(code)) {
  case BPF_B:
    return "u8";
  case BPF_H:
    return "u16";
  case BPF_W:
    return "u32";
  default:
    return "u64";
  }
}

const char *operator_of(unsigned code) {
  switch (BPF_OP(code)) {
  case BPF_ADD:
    return "+=";
  case BPF_SUB:
    return "-=";
  case BPF_AND:
    return "&=";
  case BPF_LSH:
    return "<<=";
  case BPF_RSH:
    return ">>=";
  case BPF_MOV:
    return "=";
  default:
    return "?";
  }
}

const char *comparison_of(unsigned code) {
  switch (BPF_OP(code)) {
  case BPF_JEQ:
    return "==";
  case BPF_JNE:
    return "!=";
  case BPF_JGT:
    return ">";
  case BPF_JGE:
    return ">=";
  case BPF_JLT:
    return "<";
  case BPF_JLE:
    return "<=";
  default:
    return "?";
  }
}

std::string memory(const char *size, unsigned base, int offset) {
  return fmt::format("*({} *)(r{} {} {})", size, base, offset < 0 ? '-' : '+', std::abs(offset));
}

std::string operand(const bpf_insn &instruction, char kind) {
  if (BPF_SRC(instruction.code) == BPF_X)
    return fmt::format("{}{}", kind, unsigned{instruction.src_reg});
  return fmt::format("0x{:x}", static_cast<std::uint32_t>(instruction.imm));
}

std::string jump(const bpf_insn &instruction, std::size_t at) {
  const auto target = static_cast<std::ptrdiff_t>(at) + 1 + instruction.off;
  switch (BPF_OP(instruction.code)) {
  case BPF_JA:
    return fmt::format("goto {}", target);
  case BPF_CALL:
    return fmt::format("call {}", instruction.imm == BPF_FUNC_map_lookup_elem  ? "map_lookup_elem"
                                  : instruction.imm == BPF_FUNC_skb_load_bytes ? "skb_load_bytes"
                                                                               : std::to_string(instruction.imm));
  case BPF_EXIT:
    return "exit";
  default:
    break;
  }
  const char kind = BPF_CLASS(instruction.code) == BPF_JMP32 ? 'w' : 'r';
  return fmt::format("if {}{} {} {} goto {}", kind, unsigned{instruction.dst_reg}, comparison_of(instruction.code),
                     operand(instruction, kind), target);
}

std::string in_words(std::span<const bpf_insn> code, std::size_t at) {
  const auto &one = code[at];
  const unsigned to = one.dst_reg;
  const unsigned from = one.src_reg;
  switch (BPF_CLASS(one.code)) {
  case BPF_LD:
    if (from == BPF_PSEUDO_MAP_FD)
      return fmt::format("r{} = map {}", to, one.imm);
    return fmt::format("r{} = 0x{:x} ll", to,
                       static_cast<std::uint64_t>(static_cast<std::uint32_t>(code[at + 1].imm)) << 32U |
                           static_cast<std::uint32_t>(one.imm));
  case BPF_LDX:
    return fmt::format("r{} = {}", to, memory(size_name(one.code), from, one.off));
  case BPF_ST:
    return fmt::format("{} = {}", memory(size_name(one.code), to, one.off), one.imm);
  case BPF_STX:
    if (BPF_MODE(one.code) == BPF_ATOMIC)
      return fmt::format("lock {} += r{}", memory(size_name(one.code), to, one.off), from);
    return fmt::format("{} = r{}", memory(size_name(one.code), to, one.off), from);
  case BPF_ALU:
    if (BPF_OP(one.code) == BPF_END)
      return fmt::format("r{0} = be{1} r{0}", to, one.imm);
    return fmt::format("w{} {} {}", to, operator_of(one.code), operand(one, 'w'));
  case BPF_ALU64:
    return fmt::format("r{} {} {}", to, operator_of(one.code), operand(one, 'r'));
  case BPF_JMP:
  case BPF_JMP32:
    return jump(one, at);
  default:
    return fmt::format("? 0x{:02x}", one.code);
  }
}

} // namespace

std::string disassemble(std::span<const bpf_insn> code) {
  std::string text;
  for (std::size_t at = 0; at < code.size(); ++at) {
    text += fmt::format("{}: {}\n", at, in_words(code, at));
    if (code[at].code == (BPF_LD | BPF_IMM | BPF_DW))
      ++at;
  }
  return text;
}

} // namespace nwgate::bpf
