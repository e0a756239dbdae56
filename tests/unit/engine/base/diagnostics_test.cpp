// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/diagnostics.h"

#include "engine/base/diagnostics_json.h"
#include "engine/base/error.h"
#include "tests/support/documents.h"

#include <cerrno>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nwgate::test {
namespace {

TEST(DiagnosticText, HasPlaceLineAndCaret) {
  Diagnostics diagnostics;
  diagnostics.error("NWG201", {source("<a>\n  <b c='x'/>\n</a>\n", "f.xml"), 2, 6}, "'c' is 'x'");
  EXPECT_EQ(text_of(diagnostics), "f.xml:2:6: error: 'c' is 'x' [NWG201]\n"
                                  "      <b c='x'/>\n"
                                  "         ^\n");
}

TEST(DiagnosticText, KeepsTabsUnderTheCaret) {
  Diagnostics diagnostics;
  diagnostics.error("NWG201", {source("\t<b\tc='x'/>", "f.xml"), 1, 5}, "no");
  EXPECT_EQ(text_of(diagnostics), "f.xml:1:5: error: no [NWG201]\n    \t<b\tc='x'/>\n    \t  \t^\n");
}

TEST(DiagnosticText, CountsUtf8CharactersUnderTheCaret) {
  Diagnostics diagnostics;
  diagnostics.error("NWG201", {source("<\xc3\xa4\xe2\x82\xac x=''/>", "f.xml"), 1, 8},
                    "no"); // two characters, five bytes
  EXPECT_EQ(text_of(diagnostics), "f.xml:1:8: error: no [NWG201]\n    <\xc3\xa4\xe2\x82\xac x=''/>\n        ^\n");
}

TEST(DiagnosticText, LeavesOutTheEndOfTheLine) {
  Diagnostics diagnostics;
  diagnostics.warning("NWG401", {source("<a/>\r\n<b/>\r\n", "f.xml"), 1, 1}, "hm");
  EXPECT_EQ(text_of(diagnostics), "f.xml:1:1: warning: hm [NWG401]\n    <a/>\n    ^\n");
}

TEST(DiagnosticText, NotesHaveTheirOwnPlaces) {
  Diagnostics diagnostics;
  diagnostics.error("NWG302", {source("<x/>\n", "b.xml"), 1, 1}, "cycle")
      .note({source("<y/>\n", "a.xml"), 1, 2}, "from here");
  EXPECT_EQ(text_of(diagnostics), "b.xml:1:1: error: cycle [NWG302]\n    <x/>\n    ^\n"
                                  "a.xml:1:2: note: from here\n    <y/>\n     ^\n");
}

TEST(DiagnosticText, WithoutALineHasTheFileOnly) {
  Diagnostics diagnostics;
  diagnostics.error("NWG102", {source("text", "f.xml"), 0, 0}, "too large");
  EXPECT_EQ(text_of(diagnostics), "f.xml: error: too large [NWG102]\n");
}

TEST(DiagnosticText, WithoutADocumentHasNoPlace) {
  EXPECT_EQ(to_line({Severity::error, "NWG502", {}, "refused", {}}), ": error: refused [NWG502]");
}

TEST(DiagnosticText, ShowsTheNeighbourhoodInALongLine) {
  Diagnostics diagnostics;
  const std::string filler(1000, ' ');
  diagnostics.error("NWG201", {source(filler + "<here/>" + filler, "f.xml"), 1, 1001}, "no");
  const auto text = text_of(diagnostics);
  EXPECT_LT(text.size(), 500U);
  const auto line = text.find("<here/>");
  ASSERT_NE(line, std::string::npos);
  EXPECT_EQ(text.find('^') - text.rfind('\n', text.find('^')), line - text.rfind('\n', line)) << "the caret is below";
}

TEST(DiagnosticText, DoesNotCutAUtf8Character) {
  Diagnostics diagnostics;
  std::string line;
  for (int i = 0; i < 300; ++i)
    line += "\xe2\x82\xac";
  for (std::uint32_t column = 1; column < 900; column += 7)
    diagnostics.error("NWG201", {source(line, "f.xml"), 1, column}, "no");
  diagnostics.error("NWG202", {source(line, "f.xml"), 1, 1}, "a" + line);
  const auto json = to_json(diagnostics.sorted());
  EXPECT_EQ((json + text_of(diagnostics)).find("\xef\xbf\xbd"), std::string::npos);
  EXPECT_NO_THROW((void)nlohmann::json(text_of(diagnostics)).dump()) << "strict about UTF-8";
}

TEST(DiagnosticText, CutsLongMessages) {
  Diagnostics diagnostics;
  diagnostics.error("NWG201", {}, std::string(100000, 'x'));
  EXPECT_EQ(diagnostics.sorted()[0].message, std::string(500, 'x') + "...");
}

TEST(Diagnostics, WarningsAreNoErrors) {
  Diagnostics diagnostics;
  diagnostics.warning("NWG401", {}, "hm");
  EXPECT_TRUE(diagnostics.ok());
  diagnostics.error("NWG101", {}, "no");
  EXPECT_FALSE(diagnostics.ok());
  EXPECT_EQ(diagnostics.error_count(), 1U);
  EXPECT_EQ(joined_ids(diagnostics.errors_only()), "NWG101");
  EXPECT_EQ(diagnostics.errors_only().error_count(), 1U);
}

TEST(Diagnostics, AreSortedByFileAsFirstMetThenByPlace) {
  Diagnostics diagnostics;
  const auto first = source("", "z.xml");
  const auto second = source("", "a.xml");
  diagnostics.error("1", {first, 9, 1}, "");
  diagnostics.error("2", {second, 1, 1}, "");
  diagnostics.error("3", {first, 2, 7}, "");
  diagnostics.error("4", {first, 2, 3}, "");
  diagnostics.error("5", {first, 0, 0}, "");
  EXPECT_EQ(joined_ids(diagnostics), "5 4:2:3 3:2:7 1:9:1 2:1:1");
}

TEST(Diagnostics, OneThatIsReportedTwiceIsListedOnce) {
  Diagnostics diagnostics;
  const auto document = source("", "f.xml");
  for (int round = 0; round < 3; ++round) {
    diagnostics.error("NWG307", {document, 1, 1}, "not a MAC address");
    diagnostics.error("NWG307", {document, 1, 1}, "not an IPv4 address");
    diagnostics.error("NWG307", {source("", "f.xml"), 1, 1}, "not a MAC address"); // the same file, read again
  }
  diagnostics.error("NWG307", {document, 1, 2}, "not a MAC address");
  EXPECT_EQ(joined_ids(diagnostics), "NWG307:1:1 NWG307:1:1 NWG307:1:2");
}

TEST(Diagnostics, AppendKeepsCount) {
  Diagnostics one;
  Diagnostics other;
  other.error("NWG101", {}, "a");
  other.warning("NWG401", {}, "b");
  one.append(other);
  one.append(other);
  EXPECT_EQ(one.error_count(), 2U);
}

TEST(DiagnosticJson, HasAllParts) {
  Diagnostics diagnostics;
  diagnostics.warning("NWG401", {source("", "f.xml"), 3, 4}, "say \"hi\"").note({source("", "g.xml"), 5, 6}, "there");
  EXPECT_EQ(to_json(diagnostics.sorted()), R"([
  {
    "severity": "warning",
    "id": "NWG401",
    "file": "f.xml",
    "line": 3,
    "column": 4,
    "message": "say \"hi\"",
    "notes": [
      {
        "file": "g.xml",
        "line": 5,
        "column": 6,
        "message": "there"
      }
    ]
  }
]
)");
  EXPECT_EQ(to_json({}), "[]\n");
}

TEST(DiagnosticJson, ReplacesWhatIsNotUtf8) {
  Diagnostics diagnostics;
  diagnostics.error("NWG606", {source("", "a\xff.xml"), 0, 0}, "b\xff");
  EXPECT_EQ(nlohmann::json::parse(to_json(diagnostics.sorted()))[0]["message"], "b\xef\xbf\xbd");
}

TEST(SourcePosition, IsFoundFromAnOffset) {
  const auto document = source("ab\r\ncd\n\nef", "f.xml");
  const auto place = [&](std::size_t offset) { return SourcePosition::at_offset(document, offset).to_string(); };
  EXPECT_EQ(place(0), "f.xml:1:1");
  EXPECT_EQ(place(3), "f.xml:1:4") << "the line end belongs to its line";
  EXPECT_EQ(place(4), "f.xml:2:1");
  EXPECT_EQ(place(7), "f.xml:3:1");
  EXPECT_EQ(place(9), "f.xml:4:2");
  EXPECT_EQ(SourcePosition::at_offset(document, 9).line_text(), "ef");
  EXPECT_EQ(SourcePosition::at_offset(document, 0).line_text(), "ab");
  EXPECT_EQ(SourcePosition::at_offset(document, 7).line_text(), "");
  EXPECT_EQ((SourcePosition{document, 99, 1}).line_text(), "");
}

TEST(Error, SaysWhatWasTriedAndWhatTheSystemAnswered) {
  const auto error = Error::from_errno("cannot write /a/b", ENOSPC);
  EXPECT_EQ(error.message(), "cannot write /a/b: No space left on device");
  EXPECT_EQ(error.code(), ENOSPC);
  EXPECT_EQ(error.in("define x").message(), "define x: cannot write /a/b: No space left on device");
  EXPECT_EQ(error.in("define x").code(), ENOSPC);
}

} // namespace
} // namespace nwgate::test
