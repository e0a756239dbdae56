// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/document.h"

#include "tests/support/documents.h"

#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

xml::Document parsed(const std::string &text) {
  Diagnostics diagnostics;
  auto document = xml::Document::parse(source(text, "f.xml"), {}, diagnostics);
  if (!document)
    throw std::runtime_error(text_of(diagnostics));
  return std::move(*document);
}

std::string errors(const std::string &text, const xml::Limits &limits = {}) {
  Diagnostics diagnostics;
  (void)xml::Document::parse(source(text, "f.xml"), limits, diagnostics);
  return joined_ids(diagnostics);
}

/// `name@line:column` of an element and all below it, and `.name@line:column` of their attributes.
void collect_places(const xml::Element &element, std::string &places) {
  const auto add = [&](const std::string &name, const SourcePosition &where) {
    places +=
        (places.empty() ? "" : " ") + name + "@" + std::to_string(where.line) + ":" + std::to_string(where.column);
  };
  add(std::string(element.name()), element.where());
  for (const auto &attribute : element.attributes())
    add("." + attribute.name, attribute.where);
  for (const auto &child : element.children())
    collect_places(child, places);
}
std::string places(const std::string &text) {
  std::string result;
  collect_places(parsed(text).root(), result);
  return result;
}

TEST(DocumentPlaces, OfElementsAndAttributes) {
  EXPECT_EQ(places("<a x='1' y=\"2\">\n  <b/><c z='3'/>\n</a>\n"), "a@1:1 .x@1:4 .y@1:10 b@2:3 c@2:7 .z@2:10");
}

TEST(DocumentPlaces, OfATagOverSeveralLines) {
  EXPECT_EQ(places("<a\n   x = '1'\n\ty='2'\n  ><b\n/></a>"), "a@1:1 .x@2:4 .y@3:2 b@4:4");
}

TEST(DocumentPlaces, BehindCommentsAndInstructions) {
  EXPECT_EQ(
      places("<?xml version='1.0'?>\n<!-- <a x='1'> -->\n<a><!-- ' -->\n<?pi <b?><b x='1'/><![CDATA[<c>]]><d/></a>"),
      "a@3:1 b@4:10 .x@4:13 d@4:35");
}

TEST(DocumentPlaces, WithLineEndsOfWindows) {
  EXPECT_EQ(places("<a>\r\n  <b\r\n x='1'/>\r\n</a>\r\n"), "a@1:1 b@2:3 .x@3:2");
}

TEST(DocumentPlaces, CountUtf8InBytes) {
  EXPECT_EQ(places("<a x='\xc3\xa4\xc3\xa4' y='1'><!-- \xe2\x82\xac --><b/></a>"), "a@1:1 .x@1:4 .y@1:13 b@1:31");
}

TEST(DocumentPlaces, WithEntitiesInValues) {
  EXPECT_EQ(places("<a x='&apos;&lt;&#10;' y='&amp;'>&gt;<b z='1'/></a>"), "a@1:1 .x@1:4 .y@1:24 b@1:38 .z@1:41");
}

TEST(DocumentPlaces, WithQuotesAngleBracketsAndEqualSignsInValues) {
  EXPECT_EQ(places("<a x='>' y=\"'\" z=' w= '><b x='/>' y='1'/></a>"),
            "a@1:1 .x@1:4 .y@1:10 .z@1:16 b@1:25 .x@1:28 .y@1:35");
}

TEST(DocumentPlaces, NamespaceDeclarationsAreNoAttributes) {
  EXPECT_EQ(places("<a xmlns='u' xmlns:p='v' x='1' p:y='2'/>"), "a@1:1 .x@1:26 .p:y@1:32");
}

TEST(DocumentPlaces, BeyondLine65535) {
  EXPECT_EQ(places("<a>" + std::string(70000, '\n') + "<b x='1'/></a>"), "a@1:1 b@70001:1 .x@70001:4");
}

TEST(DocumentPlaces, OfEveryElementOfALargeDocument) {
  std::string text = "<a>";
  std::string expected = "a@1:1";
  for (int i = 0; i < 3000; ++i) {
    text += "\n <!-- \xe2\x82\xac --> <b v='\xc3\xa4&lt;" + std::to_string(i) + "'/>";
    expected += " b@" + std::to_string(i + 2) + ":15 .v@" + std::to_string(i + 2) + ":18";
  }
  EXPECT_EQ(places(text + "</a>"), expected);
}

TEST(Document, DecodesValues) {
  const auto document = parsed("<a x='&apos;&lt;&#10;&quot;' y='1\n2'> one <b/>&amp;<![CDATA[ <two> ]]>\n</a>");
  const auto root = document.root();
  EXPECT_EQ(root.attribute("x")->value, "'<\n\"");
  EXPECT_EQ(root.attribute("y")->value, "1 2") << "XML takes a line end in a value for a blank";
  EXPECT_EQ(root.text(), "one & <two>");
  EXPECT_FALSE(root.attribute("z"));
}

TEST(Document, FindsChildrenByName) {
  const auto document = parsed("<a><b n='1'/>text<c/><b n='2'/></a>");
  EXPECT_EQ(document.root().children().size(), 3U);
  EXPECT_EQ(document.root().child("b")->attribute("n")->value, "1");
  EXPECT_FALSE(document.root().child("d"));
}

TEST(DocumentLimits, OfSize) {
  xml::Limits limits;
  limits.document_size = 10;
  EXPECT_EQ(errors("<a>   </a>", limits), "");
  EXPECT_EQ(errors("<a>    </a>", limits), "NWG102");
}

TEST(DocumentLimits, OfNesting) {
  xml::Limits limits;
  limits.nesting = 3;
  EXPECT_EQ(errors("<a><b><c/></b><b><c/></b></a>", limits), "");
  EXPECT_EQ(errors("<a><b><c/></b><b><c>\n<d/></c></b></a>", limits), "NWG103:2:1");
}

TEST(DocumentLimits, OfElements) {
  xml::Limits limits;
  limits.document_size = 64;
  EXPECT_EQ(errors("<a><b/><b/></a>", limits), "");
  EXPECT_EQ(errors("<a><b/><b/>\n<b/></a>", limits), "NWG102:2:1");
}

TEST(DocumentLimits, OfAttributes) {
  xml::Limits limits;
  limits.attributes = 2;
  EXPECT_EQ(
      errors("<a x='==' y='>='><!-- <b x='' y='' z=''> --><?p a=b=c=d?><![CDATA[<a===>]]><b x='1' y='2'/></a>", limits),
      "");
  EXPECT_EQ(errors("<a>\n<b x='' y='' z=''/></a>", limits), "NWG102:2:1");
}

TEST(DocumentErrors, OneForADocumentThatIsNotWellFormed) {
  EXPECT_EQ(errors(""), "NWG101:1:1");
  EXPECT_EQ(errors("<a>\n<b x=1/><c</a>"), "NWG101:2:6");
  EXPECT_EQ(errors("<a>\n</b>\n</c>"), "NWG101:2:5");
}

TEST(DocumentErrors, DocumentTypeAtItsPlace) {
  EXPECT_EQ(errors("<?xml version='1.0'?>\n  <!DOCTYPE a>\n<a/>"), "NWG104:2:3");
  EXPECT_EQ(errors("<!-- <!DOCTYPE b> -->\n<!DOCTYPE a [ <!ENTITY c 'd'> ]><a/>"), "NWG104:2:1");
}

TEST(DocumentErrors, Encoding) {
  EXPECT_EQ(errors("<?xml version='1.0' encoding='UTF-8'?><a/>"), "");
  EXPECT_EQ(errors("<?xml version='1.0' encoding='utf-8'?><a/>"), "");
  EXPECT_EQ(errors("<?xml version='1.0' encoding='ISO-8859-15'?><a/>"), "NWG113:1:1");
}

} // namespace
} // namespace nwgate::test
