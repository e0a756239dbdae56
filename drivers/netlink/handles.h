// SPDX-License-Identifier: LGPL-2.1-or-later
/// Owning pointers to the objects of libnftnl and libmnl.
#pragma once

#include "engine/base/handle.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

namespace nwgate::netlink {

using MnlSocket = Handle<mnl_socket, mnl_socket_close>;
using NftTable = Handle<nftnl_table, nftnl_table_free>;
using NftChain = Handle<nftnl_chain, nftnl_chain_free>;
using NftRule = Handle<nftnl_rule, nftnl_rule_free>;
using NftExpr = Handle<nftnl_expr, nftnl_expr_free>;
using NftExprIter = Handle<nftnl_expr_iter, nftnl_expr_iter_destroy>;

} // namespace nwgate::netlink
