#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Help, and wrong usage.
load ../kernel/lifecycle/helpers

commands='check define undefine list show bind unbind bindings render chains stats diff apply watch'

@test "--help names every command; each command has --help" {
  fails 0 nwgate_plain --help
  has "$output" 'usage: nwgate COMMAND'
  same "$error" ''
  local command all=$output
  for command in $commands; do
    has "$all" "  $command "
    fails 0 nwgate "$command" --help
    has "$output" "usage: nwgate $command" '--root DIR' '--json' 'Options of every command'
    same "$error" ''
    fails 0 nwgate "$command" -h
  done
  same "$(nwgate_plain help)" "$all"
  same "$(nwgate_plain -h)" "$all"
}

nwgate_plain() { "$NWGATE" "$@"; }

@test "--version" {
  fails 0 nwgate_plain --version
  [[ $output =~ ^nwgate\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "no command, or one that does not exist" {
  fails 2 nwgate_plain
  has "$error" 'usage: nwgate COMMAND'
  same "$output" ''
  fails 2 nwgate_plain nonsense
  has "$error" "nwgate: no command 'nonsense'; see nwgate --help"
  fails 2 nwgate_plain --root
  fails 2 nwgate
}

# wrong WORDS [PART]: usage that is refused with one line
wrong() {
  # shellcheck disable=SC2086 # words
  fails 2 nwgate $1
  has "$error" 'nwgate: ' "${2:-}"
  same "$(wc -l <<<"$error")" 1
  same "$output" ''
}

@test "wrong usage of each command ends with 2 and one line" {
  local command
  for command in $commands; do
    wrong "$command --nonsense" nonsense
    wrong "$command --layout" layout
  done
  for command in check define undefine show unbind render; do wrong "$command" "usage: nwgate $command"; done
  for command in list bindings diff apply watch; do wrong "$command word" "usage: nwgate $command"; done
  for command in show undefine render bind chains stats; do wrong "$command one two"; done
  wrong bind 'either a FILE'
  wrong 'bind --port v0' 'either a FILE'
  wrong 'bind --port v0 --mac 52:54:00:00:00:01' 'either a FILE'
  wrong 'bind a.xml --port v0 --mac 52:54:00:00:00:01 --filter a'
  wrong 'bind a.xml --port v0' 'either a FILE'
  wrong 'bind a.xml -p IP=10.0.0.1' 'either a FILE'
  wrong 'bind --port v0 --mac nonsense --filter a' nonsense
  wrong 'bind --port v0 --mac 52:54:00:00:00:01 --filter a -p IP' 'NAME=VALUE'
  wrong 'render a.xml --format nonsense' nonsense
  wrong 'render a.xml --format nft --slots' slots
  wrong 'chains --format nonsense' nonsense
  wrong 'stats --prometheus --json' '--prometheus and --json'
  wrong 'stats --layout xtables' 'by rule, not by port'
  wrong 'chains --format xtables --layout nftables' 'tree, nft or json'
  wrong 'list --layout nonsense' nonsense
}

@test "common options may stand before and behind the command" {
  all_layers a 11 | define_text a
  same "$("$NWGATE" --root "$root" show a)" "$("$NWGATE" show a --root "$root")"
  same "$("$NWGATE" --root="$root" --json list)" "$("$NWGATE" list --json --root "$root")"
}
