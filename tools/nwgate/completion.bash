# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Bash completion for nwgate: commands, options, formats, filters, ports, files. Commands and options come from nwgate's own
# help, so they are those of the program that is completed.

# The words that nwgate prints in the first column of a listing, without its head; of the --root on the command line.
_nwgate_listed() { # command
  local root=() i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == --root ]] || continue
    [[ ${COMP_WORDS[i + 1]-} == = ]] && root=(--root "${COMP_WORDS[i + 2]-}") || root=(--root "${COMP_WORDS[i + 1]-}")
  done
  "${COMP_WORDS[0]}" "${root[@]}" "$1" 2>/dev/null | sed -n '2,$s/ .*//p'
}

_nwgate_words() { # words, current
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_nwgate_files() { # current, pattern
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -d -- "$1"; compgen -f -X "!${2:-*.xml}" -- "$1")
}

_nwgate() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' at=0 i formats
  COMPREPLY=()
  # --option=value comes as three words.
  if [[ $current == = ]]; then current=''; elif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --root | --layout | --chain-prefix)
        [[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
        i=$((i + 1)) ;;
      -*) ;;
      *) command=${COMP_WORDS[i]} at=$i; break ;;
    esac
  done

  case $previous in
    --root)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return ;;
    --layout) _nwgate_words 'nftables xtables' "$current"; return ;;
    --chain-prefix) _nwgate_words 'nwgate libvirt' "$current"; return ;;
    --format)
      formats=$("${COMP_WORDS[0]}" "$command" --help 2>/dev/null | sed -n '1s/.*--format \([a-z|]*\).*/\1/p')
      _nwgate_words "${formats//|/ }" "$current"
      return ;;
    --filter) _nwgate_words "$(_nwgate_listed list)" "$current"; return ;;
    --port) mapfile -t COMPREPLY < <(cd /sys/class/net && compgen -f -- "$current"); return ;;
    --backend) _nwgate_words 'auto bpf nftables' "$current"; return ;;
    --cgroup)
      mapfile -t COMPREPLY < <(cd "$(sed -n 's/^[^ ]* \([^ ]*\) cgroup2 .*/\1/p' /proc/mounts | head -n 1)" 2>/dev/null && compgen -d -- "${current#/}" | sed 's|^|/|')
      return ;;
    --expect) _nwgate_words 'accept drop' "$current"; return ;;
    --direction) _nwgate_words 'out in auto' "$current"; return ;;
    --mac | --owner | --parameter | -p) return ;;
  esac
  if [[ $current == -* ]]; then
    _nwgate_words "$({
      "${COMP_WORDS[0]}" "${command:-list}" --help
      [[ -n $command ]] || echo ' --version'
    } 2>/dev/null | grep -oE '(^|[[ ])--?[a-z][a-z-]*' | tr -d ' [' | sort -u)" "$current"
    return
  fi
  case $command in
    '') _nwgate_words "$("${COMP_WORDS[0]}" --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')" "$current" ;;
    show | undefine) _nwgate_words "$(_nwgate_listed list)" "$current" ;;
    unbind | chains | stats) _nwgate_words "$(_nwgate_listed bindings)" "$current" ;;
    explain)
      # The port or its document comes first, then a packet in words, or a capture.
      if ((COMP_CWORD > at + 1)) && [[ $previous != -* ]]; then
        _nwgate_files "$current" '*.pcap*'
        return
      fi
      _nwgate_files "$current"
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$(_nwgate_listed bindings)" -- "$current") ;;
    check | define | bind | render) _nwgate_files "$current" ;;
  esac
}

complete -F _nwgate nwgate
