// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/assembler.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace nwgate::bpf {
namespace {

/// A jump that has waited for so many instructions is led on at the next place: half of what an offset holds, so that
/// as many may follow before that place.
constexpr std::size_t relay_distance = 16'000;

template <typename Value> constexpr std::uint8_t bits(Value value) { return static_cast<std::uint8_t>(value); }

std::uint8_t opcode(int operation, int source, int kind) {
  return static_cast<std::uint8_t>(operation | source | kind);
}

} // namespace

void Assembler::put(std::uint8_t opcode, Reg to, Reg from, int offset, std::int32_t value) {
  if (!is_reachable_)
    return;
  bpf_insn instruction{};
  instruction.code = opcode;
  instruction.dst_reg = bits(to) & 0xfU;
  instruction.src_reg = bits(from) & 0xfU;
  instruction.off = static_cast<std::int16_t>(offset);
  instruction.imm = value;
  code_.push_back(instruction);
}

Label Assembler::label() {
  labels_.emplace_back();
  return {labels_.size() - 1};
}

void Assembler::bind(Label label) {
  auto &place = labels_.at(label.number);
  if (place.is_bound)
    throw std::logic_error("a label is bound twice");
  place.is_bound = true;
  place.at = code_.size();
  for (const auto jump : place.jumps)
    lead(jump, place.at);
  if (place.jumps.empty())
    return;
  std::erase(waiting_, label.number);
  place.jumps.clear();
  is_reachable_ = true;
}

void Assembler::lead(std::size_t jump, std::size_t to) {
  const auto distance = static_cast<std::ptrdiff_t>(to) - static_cast<std::ptrdiff_t>(jump) - 1;
  if (distance > std::numeric_limits<std::int16_t>::max() || distance < std::numeric_limits<std::int16_t>::min())
    throw std::logic_error("a jump is too far");
  code_.at(jump).off = static_cast<std::int16_t>(distance);
}

void Assembler::put_jump(std::uint8_t opcode, Reg left, Reg right, std::int32_t value, Label to) {
  if (!is_reachable_)
    return;
  put(opcode, left, right, 0, value);
  branches_ += BPF_OP(opcode) == BPF_JA ? 0 : 1;
  auto &place = labels_.at(to.number);
  const auto at = code_.size() - 1;
  if (place.is_bound)
    throw std::logic_error("a jump leads back");
  if (place.jumps.empty())
    waiting_.push_back(to.number);
  place.jumps.push_back(at);
}

void Assembler::move(Reg to, Reg from) { put(opcode(BPF_MOV, BPF_X, BPF_ALU64), to, from, 0, 0); }

void Assembler::move(Reg to, std::int32_t value) { put(opcode(BPF_MOV, BPF_K, BPF_ALU64), to, Reg::r0, 0, value); }

void Assembler::move64(Reg to, std::uint64_t value) {
  put(opcode(BPF_IMM, BPF_DW, BPF_LD), to, Reg::r0, 0, static_cast<std::int32_t>(value));
  put(0, Reg::r0, Reg::r0, 0, static_cast<std::int32_t>(value >> 32U));
}

void Assembler::load_map(Reg to, std::size_t index) {
  put(opcode(BPF_IMM, BPF_DW, BPF_LD), to, Reg{BPF_PSEUDO_MAP_FD}, 0, static_cast<std::int32_t>(index));
  put(0, Reg::r0, Reg::r0, 0, 0);
}

void Assembler::load(Size size, Reg to, Reg base, int offset) {
  put(opcode(BPF_MEM, bits(size), BPF_LDX), to, base, offset, 0);
}

void Assembler::store(Size size, Reg base, int offset, Reg from) {
  put(opcode(BPF_MEM, bits(size), BPF_STX), base, from, offset, 0);
}

void Assembler::store(Size size, Reg base, int offset, std::int32_t value) {
  put(opcode(BPF_MEM, bits(size), BPF_ST), base, Reg::r0, offset, value);
}

void Assembler::alu(Alu operation, Reg to, Reg from) { put(opcode(bits(operation), BPF_X, BPF_ALU64), to, from, 0, 0); }

void Assembler::alu(Alu operation, Reg to, std::int32_t value) {
  put(opcode(bits(operation), BPF_K, BPF_ALU64), to, Reg::r0, 0, value);
}

void Assembler::alu32(Alu operation, Reg to, std::uint32_t value) {
  put(opcode(bits(operation), BPF_K, BPF_ALU), to, Reg::r0, 0, static_cast<std::int32_t>(value));
}

void Assembler::from_network(Reg value, int bits_of_value) {
  put(opcode(BPF_END, BPF_TO_BE, BPF_ALU), value, Reg::r0, 0, bits_of_value);
}

void Assembler::atomic_add(Reg base, int offset, Reg value) {
  put(opcode(BPF_ATOMIC, BPF_DW, BPF_STX), base, value, offset, BPF_ADD);
}

void Assembler::call(Helper function) {
  put(opcode(BPF_CALL, 0, BPF_JMP), Reg::r0, Reg::r0, 0, static_cast<std::int32_t>(function));
}

void Assembler::exit() {
  put(opcode(BPF_EXIT, 0, BPF_JMP), Reg::r0, Reg::r0, 0, 0);
  is_reachable_ = false;
}

void Assembler::jump(Label to) {
  put_jump(opcode(BPF_JA, 0, BPF_JMP), Reg::r0, Reg::r0, 0, to);
  is_reachable_ = false;
}

void Assembler::jump_if(Compare how, Reg left, Reg right, Label to) {
  put_jump(opcode(bits(how), BPF_X, BPF_JMP), left, right, 0, to);
}

void Assembler::jump_if(Compare how, Reg left, std::int32_t right, Label to) {
  put_jump(opcode(bits(how), BPF_K, BPF_JMP), left, Reg::r0, right, to);
}

void Assembler::jump_if32(Compare how, Reg left, std::uint32_t right, Label to) {
  put_jump(opcode(bits(how), BPF_K, BPF_JMP32), left, Reg::r0, static_cast<std::int32_t>(right), to);
}

void Assembler::allow_relay() {
  std::vector<std::size_t> far;
  for (const auto number : waiting_)
    if (labels_[number].jumps.front() + relay_distance < code_.size())
      far.push_back(number);
  if (far.empty())
    return;
  const auto over = label();
  jump(over);
  for (const auto number : far) {
    for (const auto jump_to_lead : labels_[number].jumps)
      lead(jump_to_lead, code_.size());
    labels_[number].jumps.clear();
    std::erase(waiting_, number);
    is_reachable_ = true;
    jump({number});
  }
  bind(over);
}

std::vector<bpf_insn> Assembler::take() {
  if (!waiting_.empty())
    throw std::logic_error("a label that is jumped to is nowhere");
  labels_.clear();
  return std::move(code_);
}

std::vector<bpf_insn> with_maps(std::vector<bpf_insn> code, std::span<const int> maps) {
  for (auto &instruction : code)
    if (instruction.code == (BPF_LD | BPF_IMM | BPF_DW) && instruction.src_reg == BPF_PSEUDO_MAP_FD)
      instruction.imm = maps[static_cast<std::size_t>(instruction.imm)];
  return code;
}

} // namespace nwgate::bpf
