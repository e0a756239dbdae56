#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Colours on a terminal, and none elsewhere.
load ../kernel/lifecycle/helpers

on_terminal() { script -qec "$*" /dev/null </dev/null; }

@test "chains and diff are coloured on a terminal only, and not with NO_COLOR" {
  local escape=$'\033[' command
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  iptables -F FO-v0
  for command in chains diff; do
    lacks "$(nwgate $command)" "$escape"
    has "$(on_terminal "$NWGATE --root $root ${LAYOUT:+--layout $LAYOUT} $command" || true)" "${escape}31m" "${escape}0m"
    lacks "$(NO_COLOR=1 on_terminal "$NWGATE --root $root ${LAYOUT:+--layout $LAYOUT} $command" || true)" "$escape"
    # The same text.
    same "$(on_terminal "$NWGATE --root $root ${LAYOUT:+--layout $LAYOUT} $command" | sed $'s/\033\[[0-9]*m//g; s/\r//')" "$(nwgate $command)"
    lacks "$(on_terminal "$NWGATE --root $root --json $command" || true)" "$escape"
  done
}

@test "an output that is closed is no crash" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate chains | head -n 1 >/dev/null
}
