// SPDX-License-Identifier: LGPL-2.1-or-later
/// The commands: each takes the words behind its name and returns the exit code.
#pragma once

#include <string>
#include <vector>

namespace nwgate {

using Words = std::vector<std::string>;

int command_apply(const Words &words);
int command_bind(const Words &words);
int command_bindings(const Words &words);
int command_chains(const Words &words);
int command_check(const Words &words);
int command_define(const Words &words);
int command_diff(const Words &words);
int command_explain(const Words &words);
int command_list(const Words &words);
int command_render(const Words &words);
int command_run(const Words &words);
int command_show(const Words &words);
int command_stats(const Words &words);
int command_unbind(const Words &words);
int command_undefine(const Words &words);
int command_watch(const Words &words);

} // namespace nwgate
