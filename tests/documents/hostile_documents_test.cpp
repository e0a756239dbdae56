// SPDX-License-Identifier: LGPL-2.1-or-later
// Documents that are made to hurt: each is refused with an error of its own. One that would take more than linear time
// would run into the limit of the test (CMakeLists.txt), which is far above what they take.

#include "engine/resolve/resolve.h"
#include "engine/xml/binding_reader.h"
#include "engine/xml/filter_reader.h"
#include "tests/support/documents.h"

#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i)
    result += text;
  return result;
}

/// The first error of a filter document, as `NWG102:1:5`.
std::string first_error(std::string text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(xml::read_filter(source(std::move(text)), {}, diagnostics));
  EXPECT_LT(text_of(diagnostics).size(), 128U << 20U) << "more than a kilobyte for each element";
  const auto ids = ids_of(diagnostics.errors_only());
  return ids.empty() ? "none" : ids.front();
}

std::string in_filter(const std::string &body) { return "<filter name='x'>" + body + "</filter>"; }
std::string in_rule(const std::string &body) {
  return in_filter("<rule action='drop' direction='in'>" + body + "</rule>");
}

TEST(HostileDocument, BillionLaughs) {
  std::string document = "<!DOCTYPE lolz [<!ENTITY a0 'lol'>";
  for (int i = 1; i < 10; ++i)
    document += fmt::format("<!ENTITY a{} '{}'>", i, repeated(fmt::format("&a{};", i - 1), 10));
  EXPECT_EQ(first_error(document + "]><filter name='&a9;'/>"), "NWG104:1:1");
}

TEST(HostileDocument, QuadraticBlowUpOfOneEntity) {
  EXPECT_EQ(first_error("<!DOCTYPE f [<!ENTITY a '" + std::string(100000, 'a') + "'>]><filter name='" +
                        repeated("&a;", 100000) + "'/>"),
            "NWG104:1:1");
}

TEST(HostileDocument, ExternalEntityIsNotRead) {
  EXPECT_EQ(first_error("<!DOCTYPE f [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><filter name='&a;'/>"), "NWG104:1:1");
  EXPECT_EQ(first_error("<!DOCTYPE f SYSTEM 'http://192.0.2.1/f.dtd'><filter name='x'/>"), "NWG104:1:1");
}

TEST(HostileDocument, XIncludeIsAnUnknownElement) {
  EXPECT_EQ(first_error("<filter name='x'><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' "
                        "href='/etc/passwd' parse='text'/></filter>"),
            "NWG106:1:18");
}

TEST(HostileDocument, DeepNesting) {
  EXPECT_EQ(first_error(repeated("<x>", 1000000)), "NWG103:1:193");
  EXPECT_EQ(first_error(in_filter(repeated("<rule>", 600000))), "NWG103:1:396");
}

TEST(HostileDocument, HugeValue) {
  EXPECT_EQ(first_error(in_rule("<tcp dstportstart='" + std::string(4000000, '9') + "'/>")), "NWG201:1:58");
  EXPECT_EQ(first_error("<filter name='" + std::string(4000000, 'n') + "'/>"), "NWG213:1:9");
  EXPECT_EQ(first_error("<filter name='x' chain='" + std::string(4000000, 'a') + "'/>"), "NWG202:1:18");
}

TEST(HostileDocument, HugeName) {
  EXPECT_EQ(first_error("<" + std::string(4000000, 'n') + "/>").substr(0, 6), "NWG101");
  EXPECT_EQ(first_error("<filter " + std::string(4000000, 'n') + "=''/>").substr(0, 6), "NWG101");
}

TEST(HostileDocument, NulBytes) {
  EXPECT_EQ(first_error(std::string(1000000, '\0')).substr(0, 6), "NWG101");
  EXPECT_EQ(first_error(std::string("<filter name='x'/>\0<rule/>", 26)), "NWG101:1:19");
  EXPECT_EQ(first_error(std::string("<filter name='a\0b'/>", 20)).substr(0, 6), "NWG101");
}

TEST(HostileDocument, InvalidUtf8) {
  EXPECT_EQ(first_error("<filter name='\xff'/>"), "NWG101:1:15");
  EXPECT_EQ(first_error("<filter name='\xc0\x80'/>"), "NWG101:1:15") << "an overlong NUL";
  EXPECT_EQ(first_error("<filter name='\xed\xa0\x80'/>").substr(0, 6), "NWG101") << "half a surrogate pair";
  EXPECT_EQ(first_error("<filter name='x'><!--" + std::string(1000000, '\xe4') + "--></filter>").substr(0, 6),
            "NWG101");
}

TEST(HostileDocument, OtherEncodings) {
  std::string utf16("\xff\xfe", 2);
  for (const char c : in_filter(repeated("<rule action='drop' direction='in'/>", 1000)))
    utf16 += {c, '\0'};
  EXPECT_EQ(first_error(utf16), "NWG113:1:1");
  EXPECT_EQ(first_error("<?xml version='1.0' encoding='ISO-8859-1'?>" + in_filter(repeated("<rule/>", 500000))),
            "NWG113:1:1");
  EXPECT_EQ(first_error("<?xml version='1.0' encoding='UTF-7'?><filter name='+ADw-'/>"), "NWG113:1:1");
}

TEST(HostileDocument, AByteOrderMarkOfUtf8IsFine) {
  Diagnostics diagnostics;
  EXPECT_TRUE(xml::read_filter(source("\xef\xbb\xbf<filter name='x'/>"), {}, diagnostics)) << text_of(diagnostics);
}

TEST(HostileDocument, OverFourMegabytes) {
  EXPECT_EQ(first_error(in_filter(std::string((4U << 20U) - 33, ' ') + "<rule/>")), "NWG108:1:4194289")
      << "exactly at the limit";
  EXPECT_EQ(first_error(in_filter(std::string(4U << 20U, ' '))), "NWG102");
}

TEST(HostileDocument, FourMegabytesOfElements) {
  EXPECT_EQ(first_error(in_rule(repeated("<tcp/>", 600000))).substr(0, 6), "NWG102");
  EXPECT_EQ(first_error(repeated("<a>", 60) + repeated("<b/>", 900000)).substr(0, 6), "NWG102");
}

TEST(HostileDocument, AsManyElementsAsAllowedAreAllWrong) {
  EXPECT_EQ(first_error(in_filter(repeated("<b/>", 130000))), "NWG106:1:18");
  EXPECT_EQ(first_error(in_rule("<tcp dstportstart='1'/>" + repeated("<tcp dstportstart='x'/>", 130000))),
            "NWG208:1:81");
}

TEST(HostileDocument, FourMegabytesOfComments) {
  Diagnostics diagnostics;
  EXPECT_TRUE(xml::read_filter(source(in_filter(repeated("<!---->", 590000))), {}, diagnostics))
      << text_of(diagnostics);
}

TEST(HostileDocument, ManyAttributes) {
  std::string attributes;
  for (int i = 0; i < 300000; ++i)
    attributes += fmt::format(" a{}=''", i);
  EXPECT_EQ(first_error("<filter name='x'" + attributes + "/>"), "NWG102:1:1");
  EXPECT_EQ(first_error(in_filter("<!-- it's <a b='>' --><rule" + attributes + "/>")), "NWG102:1:40");
}

TEST(HostileDocument, ManyNamespaces) {
  std::string declarations;
  for (int i = 0; i < 200000; ++i)
    declarations += fmt::format(" xmlns:a{}='u'", i);
  EXPECT_EQ(first_error("<filter name='x'" + declarations + "/>"), "NWG102:1:1");
}

TEST(HostileDocument, ManyUndeclaredPrefixes) {
  EXPECT_EQ(first_error(in_filter(repeated("<a:b/>", 600000))).substr(0, 6), "NWG101");
}

TEST(HostileDocument, ManyParametersOfABinding) {
  Diagnostics diagnostics;
  const auto document =
      source("<filterbinding><portdev name='vnet0'/><mac address='02:00:00:00:00:01'/><filterref filter='x'>" +
             repeated("<parameter name='-' value='/'/>", 16000) + "</filterref></filterbinding>");
  EXPECT_TRUE(xml::read_bindings(document, {}, diagnostics).empty());
  EXPECT_EQ(diagnostics.error_count(), 32000U);
}

/// A binding of a filter of one rule, whose variables A, B, ... have `length` values each, on iterators of their own.
std::string error_of_product(int variables, int length) {
  constexpr std::array attributes = {"srcportstart", "dstportstart", "dscp", "srcipaddr"};
  std::string rule = "<rule action='drop' direction='out'><tcp";
  std::vector<std::pair<std::string, std::string>> parameters;
  for (int i = 0; i < variables; ++i) {
    const std::string name(1, static_cast<char>('A' + i));
    rule += fmt::format(" {}='${}[@{}]'", attributes.at(static_cast<std::size_t>(i)), name, i + 1);
    for (int value = 0; value < length; ++value)
      parameters.emplace_back(name, std::to_string(i == 2 ? value % 64 : value));
  }
  FilterMap filters;
  filters.add(filter_named("product", rule + "/></rule>"));
  Diagnostics diagnostics;
  EXPECT_FALSE(compile(bound("product", parameters), filters, diagnostics));
  return diagnostics.sorted().front().message;
}

TEST(HostileBinding, ProductsEndAtSixtyFiveThousandRules) {
  EXPECT_EQ(error_of_product(4, 1000), "the binding expands to more than 65536 rules");
  EXPECT_EQ(error_of_product(2, 257), "the binding expands to more than 65536 rules");
  EXPECT_EQ(error_of_product(2, 4000), "the binding expands to more than 65536 rules");
}

TEST(HostileBinding, AFullProductIsStillFast) {
  FilterMap filters;
  filters.add(filter_named(
      "product", "<rule action='drop' direction='out'><tcp srcportstart='$A[@1]' dstportstart='$B[@2]'/></rule>"));
  std::vector<std::pair<std::string, std::string>> parameters;
  for (int i = 0; i < 180; ++i) {
    parameters.emplace_back("A", std::to_string(i));
    parameters.emplace_back("B", std::to_string(i));
  }
  const auto binding = bound("product", parameters);
  Diagnostics diagnostics;
  EXPECT_TRUE(compile(binding, filters, diagnostics)) << text_of(diagnostics);
}

/// Filters 0 to LEVELS, each of which includes the next one twice; the last one holds `leaf`.
FilterMap doubling(int levels, const std::string &leaf) {
  FilterMap filters;
  for (int i = 0; i < levels; ++i)
    filters.add(filter_named(fmt::format("f{}", i), repeated(fmt::format("<filterref filter='f{}'/>", i + 1), 2)));
  filters.add(filter_named(fmt::format("f{}", levels), leaf));
  return filters;
}

std::string error_of_includes(FilterMap filters) {
  Diagnostics diagnostics;
  EXPECT_FALSE(resolve("f0", {}, filters, {}, diagnostics));
  const auto ids = ids_of(diagnostics);
  return ids.empty() ? "none" : ids.front();
}

TEST(HostileIncludes, DoublingEndsAtTheLimit) {
  EXPECT_EQ(error_of_includes(doubling(31, "<rule action='drop' direction='in'/>")), "NWG304:2:1");
  EXPECT_EQ(error_of_includes(doubling(20, "")).substr(0, 6), "NWG304") << "also without any rule";
}

TEST(HostileIncludes, AChainEndsAtTheDepthLimit) {
  FilterMap filters;
  for (int i = 0; i < 1000; ++i)
    filters.add(filter_named(fmt::format("f{}", i), fmt::format("<filterref filter='f{}'/>", i + 1)));
  EXPECT_EQ(error_of_includes(std::move(filters)), "NWG303:2:1");
}

TEST(HostileIncludes, EveryFilterIncludesEveryOther) {
  FilterMap filters;
  std::string all;
  for (int i = 0; i < 40; ++i)
    all += fmt::format("<filterref filter='f{}'/>\n", i);
  for (int i = 0; i < 40; ++i)
    filters.add(filter_named(fmt::format("f{}", i), all));
  EXPECT_EQ(error_of_includes(std::move(filters)).substr(0, 5), "NWG30");
}

} // namespace
} // namespace nwgate::test
