#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# One process and one batch: what a command asks of the kernel.
load helpers

traced() { # COMMAND...: leaves the system calls in `trace`
  strace -f -s 16 -o trace -e trace=process,sendto,sendmsg,sendmmsg "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} "$@"
}
count() { grep -cE "$1" trace || true; }

# Batches that carry an operation. An empty one goes before them: it waits for another writer's commit that is under way.
batches() { grep -E 'NFNL_MSG_BATCH_BEGIN' trace | grep -cE 'NFT_MSG_(NEW|DEL)' || true; }

setup_trace() {
  strace -o /dev/null true 2>/dev/null && return
  [ "${NWG_REQUIRE_KERNEL:-0}" != 1 ] || { echo 'strace does not work here'; return 1; }
  skip 'strace does not work here'
}

@test "bind, apply, define and unbind start no process and send one batch" {
  setup_trace
  all_layers a 11 | define_text a
  traced bind --port v0 --mac 52:54:00:00:00:01 --filter a
  same "$(count 'execve\(')" 1
  same "$(count '[^a-z_](fork|vfork|clone|clone3)\(')" 0
  same "$(batches)" 1
  local command
  all_layers a 22 >a.xml
  for command in 'bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1' 'bind --port v1 --mac 52:54:00:00:00:02 --filter a' \
    'define a.xml' 'unbind v0'; do
    # shellcheck disable=SC2086 # words
    traced $command
    same "$command $(count 'execve\(') $(count '[^a-z_](fork|vfork|clone|clone3)\(') $(batches)" "$command 1 0 1"
  done
  # Nothing to do, nothing sent.
  traced apply
  same "$(batches)" 0
}
