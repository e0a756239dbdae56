// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/bind.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"

namespace nwgate {

int command_apply(const Words &words) {
  Arguments arguments(
      "apply", "",
      "Brings the kernel to what the documents say, in one transaction. Bindings whose documents are wrong are\n"
      "reported and keep the rules that they have.");
  bool adopt = false;
  arguments.add_options()(
      "adopt", po::bool_switch(&adopt),
      "replace chains that have the names of nwgate's but were not made by it, or were made again by\n"
      "iptables-restore or ebtables-restore");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 0);
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto lock = store::Lock::take(session.directories.lock_file);
  if (!lock)
    return session.fail_with(lock.error());
  Compiler compiler(session);
  auto host = compile_host(session, compiler);
  if (!host)
    return session.fail_with(host.error());
  host->adopt = adopt;
  if (const int code = commit_change(session, *host, Scope::everything); code != 0) {
    session.finish();
    return code;
  }
  for (const auto &port : host->ports)
    warn_of_bridge_netfilter(session, port);
  warn_of_unseen_input(session);
  return session.finish();
}

} // namespace nwgate
