#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# iptables, ip6tables and ebtables beside nwgate.
load helpers

setup_ports() {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter clean-traffic -p IP=10.0.0.1
}

@test "the tools list our chains without a complaint" {
  setup_ports
  local command
  for command in 'iptables -L -n -v' 'iptables -S' 'iptables -L FI-v0 -n -v' 'ip6tables -L -n -v' 'ip6tables -S' \
    'iptables-save' 'ip6tables-save' 'ebtables -t nat -L --Lc' 'ebtables -t nat -L nwgate-I-v1 --Lc --Ln' 'ebtables-save'; do
    # shellcheck disable=SC2086 # words
    fails 0 $command
    same "$error" ''
    has "$output" 'v'
  done
  has "$(iptables -L FI-v0 -n -v)" 'Chain FI-v0 (1 references)' 'tcp spt:11 ctstate ESTABLISHED ctdir REPLY' ||
    has "$(iptables -L FI-v0 -n -v)" 'Chain FI-v0 (1 references)' 'tcp spt:11'
}

@test "the administrator's rules can follow, also in our chains" {
  setup_ports
  iptables -A FI-v0 -s 192.0.2.1 -j ACCEPT
  iptables -A FORWARD -s 192.0.2.2 -j ACCEPT
  ip6tables -I FORWARD -s 2001:db8::1 -j ACCEPT
  ebtables -t nat -A I-v1-mac -p 0x1234 -j ACCEPT
  ebtables -t nat -A PREROUTING -p 0x4321 -j DROP
  has "$(nwgate chains v0)" '-s 192.0.2.1/32 -j ACCEPT' 'foreign'
  # What is in our chains goes with the next change, what is beside them stays.
  fails 1 nwgate diff
  nwgate apply
  fails 0 nwgate diff
  lacks "$(everything)" 192.0.2.1
  has "$(everything)" 192.0.2.2 2001:db8::1 0x4321
}

save_and_restore() {
  local tool
  for tool in iptables ip6tables ebtables; do
    $tool-save >saved.$tool
    $tool-restore <saved.$tool
    same "$(stateless <saved.$tool)" "$($tool-save | stateless)"
  done
}

@test "after a restore, chains are refused without --adopt and taken over with it" {
  setup_ports
  iptables -I FORWARD 1 -s 192.0.2.2 -j ACCEPT
  iptables -A FORWARD -s 192.0.2.3 -j ACCEPT
  ebtables -t nat -A PREROUTING -p 0x4321 -j DROP
  iptables -N theirs
  iptables -A theirs -j nwgate-in
  save_and_restore
  local kernel saved
  kernel=$(everything)
  saved=$(stateless <saved.iptables | sort; stateless <saved.ip6tables | sort; stateless <saved.ebtables | sort)
  fails 4 nwgate apply
  has "$error" NWG503 "'FI-v0'" 'nwgate apply --adopt'
  fails 4 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  has "$error" NWG503 'nwgate apply --adopt'
  same "$kernel" "$(everything)"
  local generation
  generation=$(generation)
  nwgate apply --adopt
  same "$((generation + 1))" "$(generation)"
  same "$saved" "$(iptables-save -t filter | stateless | sort; ip6tables-save -t filter | stateless | sort; ebtables-save | stateless | sort)"
  same "$(iptables -S FORWARD)" "$(grep -e '-A FORWARD' saved.iptables | sed '1i-P FORWARD ACCEPT')"
  fails 0 nwgate diff
  same "$output$error" ''
  has "$(nwgate chains)" a.xml:3:3
  # Again: nothing to do.
  generation=$(generation)
  nwgate apply --adopt
  same "$generation" "$(generation)"
  # And the ports are bound as ever.
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  nwgate unbind v0 v1
  lacks "$(everything)" v0
  lacks "$(everything)" v1
  has "$(everything)" 192.0.2.2 192.0.2.3 0x4321
}

@test "--adopt takes chains that somebody made by hand" {
  all_layers a 11 | define_text a
  mkdir -p "$root/etc/nwgate/bindings"
  binding v0 a >"$root/etc/nwgate/bindings/v0.xml"
  iptables -N FI-v0
  iptables -A FI-v0 -j DROP
  iptables -A FORWARD -j FI-v0
  iptables -A FORWARD -s 192.0.2.2 -j ACCEPT
  ebtables -t nat -N nwgate-I-v0
  ebtables -t nat -A PREROUTING -i v0 -j nwgate-I-v0
  nwgate apply --adopt
  fails 0 nwgate diff
  same "$(iptables -S FORWARD | grep -v nwgate-)" '-P FORWARD ACCEPT
-A FORWARD -s 192.0.2.2/32 -j ACCEPT'
  lacks "$(iptables -S FI-v0)" '-A FI-v0 -j DROP
-A FI-v0 -j DROP'
  same "$(ebtables -t nat -L PREROUTING | grep -c nwgate-I-v0)" 1
}

@test "--adopt leaves a chain that somebody's own chain leads to" {
  all_layers a 11 | define_text a
  mkdir -p "$root/etc/nwgate/bindings"
  binding v0 a >"$root/etc/nwgate/bindings/v0.xml"
  binding v1 a >"$root/etc/nwgate/bindings/v1.xml"
  iptables -N FI-v0
  iptables -N theirs
  iptables -A theirs -j FI-v0
  fails 4 nwgate apply --adopt
  has "$error" NWG503 "'FI-v0'" 'delete that rule first'
  same "$(iptables -S theirs)" '-N theirs
-A theirs -j FI-v0'
  lacks "$(everything)" '-g FI-v0'
  has "$(everything)" '-g FI-v1'
}
