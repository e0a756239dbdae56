// SPDX-License-Identifier: LGPL-2.1-or-later
/// Owning pointers to the objects of C libraries, one line a type.
#pragma once

#include <memory>

namespace nwgate {

template <auto Free> struct Freed {
  template <typename T> void operator()(T *object) const noexcept { Free(object); }
};

/// `using NftRule = Handle<nftnl_rule, nftnl_rule_free>;`
template <typename T, auto Free> using Handle = std::unique_ptr<T, Freed<Free>>;

} // namespace nwgate
