// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/error.h"

#include <system_error>

namespace nwgate {

Error Error::from_errno(std::string what, int code) {
  return Error(std::move(what) + ": " + std::generic_category().message(code), code);
}

} // namespace nwgate
