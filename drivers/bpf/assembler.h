// SPDX-License-Identifier: LGPL-2.1-or-later
/// Writes instructions of eBPF: labels, jumps however far, references to maps by their place in a list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <linux/bpf.h>
#include <span>
#include <vector>

namespace nwgate::bpf {

/// r0 is what a function returns, r1 to r5 are its arguments and lost by a call, r6 to r9 stay, r10 is the frame.
enum class Reg : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 };

/// Of a value in memory.
enum class Size : std::uint8_t { u8 = BPF_B, u16 = BPF_H, u32 = BPF_W, u64 = BPF_DW };

enum class Alu : std::uint8_t {
  add = BPF_ADD,
  subtract = BPF_SUB,
  bit_and = BPF_AND,
  left = BPF_LSH,
  right = BPF_RSH,
};

/// Comparisons are unsigned.
enum class Compare : std::uint8_t {
  equal = BPF_JEQ,
  not_equal = BPF_JNE,
  greater = BPF_JGT,
  not_less = BPF_JGE,
  less = BPF_JLT,
  not_greater = BPF_JLE,
};

/// The functions of the kernel that programs call, by their number in linux/bpf.h.
enum class Helper : std::int32_t {
  map_lookup_elem = BPF_FUNC_map_lookup_elem,
  skb_load_bytes = BPF_FUNC_skb_load_bytes
};

/// A place in the code, which may be jumped to before it is known.
struct Label {
  std::size_t number = 0;
};

/// Offsets are in bytes, as the instructions have them. What nothing leads to, behind a jump, is not written: the
/// kernel refuses code with such instructions.
class Assembler {
public:
  Label label();
  /// Once for each label that is jumped to. Jumps lead forward: none comes behind this.
  void bind(Label label);

  void move(Reg to, Reg from);
  void move(Reg to, std::int32_t value);
  /// Two instructions.
  void move64(Reg to, std::uint64_t value);
  /// The map at `index` of the program's list. Two instructions.
  void load_map(Reg to, std::size_t index);
  void load(Size size, Reg to, Reg base, int offset);
  void store(Size size, Reg base, int offset, Reg from);
  void store(Size size, Reg base, int offset, std::int32_t value);
  /// On 64 bits; `value` is extended by its sign.
  void alu(Alu operation, Reg to, Reg from);
  void alu(Alu operation, Reg to, std::int32_t value);
  /// On the lower 32 bits; the upper become 0.
  void alu32(Alu operation, Reg to, std::uint32_t value);
  /// The lower 16, 32 or 64 bits from network byte order to the host's.
  void from_network(Reg value, int bits);
  /// Adds to a number in memory that others may add to at the same time. 64 bits.
  void atomic_add(Reg base, int offset, Reg value);
  void call(Helper function);
  void exit();

  void jump(Label to);
  void jump_if(Compare how, Reg left, Reg right, Label to);
  /// `right` is extended by its sign.
  void jump_if(Compare how, Reg left, std::int32_t right, Label to);
  /// Of the lower 32 bits.
  void jump_if32(Compare how, Reg left, std::uint32_t right, Label to);

  /// A place where the code may be interrupted: jumps that would reach too far (a jump's offset has 16 bits) are led
  /// on here. There must be no more than 16,000 instructions between two such places.
  void allow_relay();

  /// Whether what is put next will be written.
  [[nodiscard]] bool is_reachable() const { return is_reachable_; }
  [[nodiscard]] std::size_t size() const { return code_.size(); }
  /// How many jumps depend on something.
  [[nodiscard]] std::size_t branches() const { return branches_; }
  /// All labels that are jumped to are bound. A reference to a map has the map's index in `imm`, and
  /// BPF_PSEUDO_MAP_FD in `src_reg`.
  [[nodiscard]] std::vector<bpf_insn> take();

private:
  struct Place {
    /// Of the label's instruction once it is bound.
    std::size_t at = 0;
    bool is_bound = false;
    /// Jumps that wait for it, in the order of the code.
    std::vector<std::size_t> jumps;
  };
  void put(std::uint8_t opcode, Reg to, Reg from, int offset, std::int32_t value);
  void put_jump(std::uint8_t opcode, Reg left, Reg right, std::int32_t value, Label to);
  void lead(std::size_t jump, std::size_t to);

  std::vector<bpf_insn> code_;
  std::vector<Place> labels_;
  /// Labels that jumps wait for.
  std::vector<std::size_t> waiting_;
  bool is_reachable_ = true;
  std::size_t branches_ = 0;
};

/// The code with each reference to a map led to its file descriptor: `maps[index]`.
std::vector<bpf_insn> with_maps(std::vector<bpf_insn> code, std::span<const int> maps);

} // namespace nwgate::bpf
