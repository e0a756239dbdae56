// SPDX-License-Identifier: LGPL-2.1-or-later
/// Instructions of eBPF in words.
#pragma once

#include <linux/bpf.h>
#include <span>
#include <string>

namespace nwgate::bpf {

/// One instruction a line, with its number: `12: if w1 != 0x11 goto 20`. Those of two words have the number of the
/// first. Only what Assembler writes; anything else is `?` with its code.
std::string disassemble(std::span<const bpf_insn> code);

} // namespace nwgate::bpf
