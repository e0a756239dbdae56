// SPDX-License-Identifier: LGPL-2.1-or-later
/// A value, or the Error of the machine that prevented it.
#pragma once

#include "engine/base/error.h"

#include <tl/expected.hpp>

namespace nwgate {

/// Must be looked at. The names are those of std::expected, which replaces it once the compilers have it.
template <typename T = void> class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
  using tl::expected<T, Error>::expected;
};

/// Makes a failed Result of any type: `return fail("cannot open " + path, errno);`
inline tl::unexpected<Error> fail(std::string what, int code) {
  return tl::unexpected<Error>(Error::from_errno(std::move(what), code));
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

} // namespace nwgate
