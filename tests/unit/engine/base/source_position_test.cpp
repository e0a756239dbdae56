// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/source_position.h"

#include "tests/support/documents.h"

#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

TEST(SourcePosition, ItsShortFormHasTheFileNameOnly) {
  EXPECT_EQ((SourcePosition{source("", "/etc/nwgate/filters/a.xml"), 3, 4}).short_form(), "a.xml:3:4");
  EXPECT_EQ((SourcePosition{source("", "a.xml"), 3, 4}).short_form(), "a.xml:3:4");
}

} // namespace
} // namespace nwgate::test
