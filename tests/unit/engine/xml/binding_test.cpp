// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/binding_reader.h"
#include "engine/xml/binding_writer.h"

#include "tests/support/documents.h"

#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

std::vector<Binding> read(const std::string &text) {
  Diagnostics diagnostics;
  auto bindings = xml::read_bindings(source(text), {}, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << text_of(diagnostics);
  return bindings;
}

void expect_equal(const Binding &left, const Binding &right) {
  EXPECT_EQ(left.owner_name, right.owner_name);
  EXPECT_EQ(left.owner_uuid, right.owner_uuid);
  EXPECT_EQ(left.port, right.port);
  EXPECT_EQ(left.link, right.link);
  EXPECT_EQ(left.mac, right.mac);
  EXPECT_EQ(left.filter.filter, right.filter.filter);
  ASSERT_EQ(left.filter.parameters.size(), right.filter.parameters.size());
  for (std::size_t i = 0; i < left.filter.parameters.size(); ++i) {
    EXPECT_EQ(left.filter.parameters[i].name, right.filter.parameters[i].name);
    EXPECT_EQ(left.filter.parameters[i].value, right.filter.parameters[i].value);
  }
}

constexpr auto full = "<filterbinding>\n"
                      "  <filterref filter='clean-traffic'>\n"
                      "    <parameter name='IP' value='192.0.2.1'/>\n"
                      "    <parameter name='B' value='2'/>\n"
                      "    <parameter name='IP' value='192.0.2.2'/>\n"
                      "  </filterref>\n"
                      "  <mac address='02:00:00:00:00:01'/>\n"
                      "  <linkdev name='eth0'/>\n"
                      "  <portdev name='vnet0'/>\n"
                      "  <owner><uuid>D54DF46F-1AB5-4A22-8618-4560EF5FAC2C</uuid><name> a &lt;VM&gt; </name></owner>\n"
                      "</filterbinding>\n";

TEST(BindingReader, ReadsAllPartsInAnyOrder) {
  const auto binding = read(full).at(0);
  EXPECT_EQ(binding.owner_name, "a <VM>");
  EXPECT_EQ(binding.owner_uuid, "d54df46f-1ab5-4a22-8618-4560ef5fac2c");
  EXPECT_EQ(binding.port, "vnet0");
  EXPECT_EQ(binding.link, "eth0");
  EXPECT_EQ(binding.mac.to_string(), "02:00:00:00:00:01");
  EXPECT_EQ(binding.filter.filter, "clean-traffic");
  ASSERT_EQ(binding.filter.parameters.size(), 3U);
  EXPECT_EQ(binding.filter.parameters[2].value, "192.0.2.2");
  EXPECT_EQ(binding.filter.where.to_string(), "test.xml:2:3");
  EXPECT_EQ(binding.where.to_string(), "test.xml:1:1");
}

TEST(BindingReader, NeedsNoOwnerAndNoLink) {
  const auto binding =
      read("<filterbinding><portdev name='p'/><mac address='2:0:0:0:0:1'/><filterref filter='f'/></filterbinding>")
          .at(0);
  EXPECT_EQ(binding.owner_name, "");
  EXPECT_EQ(binding.link, "");
}

constexpr auto domain =
    "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
    "  <name>vm1</name><uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid><memory>1</memory>\n"
    "  <devices>\n"
    "    <disk type='file'/>\n"
    "    <interface type='bridge'>\n"
    "      <mac address='02:00:00:00:00:01'/><source bridge='br0'/><target dev='vnet0'/>\n"
    "      <model type='virtio'/><filterref filter='a'><parameter name='IP' value='192.0.2.1'/></filterref>\n"
    "    </interface>\n"
    "    <interface type='user'/>\n"
    "    <interface type='direct'>\n"
    "      <mac address='02:00:00:00:00:02'/><source dev='eth0' mode='vepa'/><target dev='macvtap0'/>\n"
    "      <filterref filter='b'/>\n"
    "    </interface>\n"
    "  </devices>\n"
    "  <qemu:commandline><qemu:arg value='-x'/></qemu:commandline>\n"
    "</domain>\n";

TEST(BindingReader, TakesTheFilteredInterfacesOfADomain) {
  const auto bindings = read(domain);
  ASSERT_EQ(bindings.size(), 2U);
  EXPECT_EQ(bindings[0].owner_name, "vm1");
  EXPECT_EQ(bindings[0].owner_uuid, "d54df46f-1ab5-4a22-8618-4560ef5fac2c");
  EXPECT_EQ(bindings[0].port, "vnet0");
  EXPECT_EQ(bindings[0].link, "") << "a bridge is no lower device";
  EXPECT_EQ(bindings[0].filter.parameters.at(0).value, "192.0.2.1");
  EXPECT_EQ(bindings[0].where.to_string(), "test.xml:5:5");
  EXPECT_EQ(bindings[1].port, "macvtap0");
  EXPECT_EQ(bindings[1].link, "eth0");
  EXPECT_EQ(bindings[1].filter.filter, "b");
}

TEST(BindingReader, TakesAnInterfaceAlone) {
  const auto bindings = read("<interface type='network'><mac address='02:00:00:00:00:01'/><source network='default'/>"
                             "<target dev='vnet3'/><filterref filter='f'/><address type='pci'/></interface>");
  ASSERT_EQ(bindings.size(), 1U);
  EXPECT_EQ(bindings[0].port, "vnet3");
  EXPECT_EQ(bindings[0].owner_name, "");
}

TEST(BindingReader, ReturnsNothingWhenAnythingIsWrong) {
  Diagnostics diagnostics;
  std::string text = domain;
  text.replace(text.find("macvtap0"), 8, "mac/tap0");
  EXPECT_TRUE(xml::read_bindings(source(text), {}, diagnostics).empty());
  EXPECT_EQ(joined_ids(diagnostics), "NWG218:11:81");
}

TEST(BindingWriter, WritesWhatReadsBack) {
  for (const auto *text : {full, domain})
    for (const auto &binding : read(text))
      expect_equal(read(xml::write_binding(binding)).at(0), binding);
}

TEST(BindingWriter, EscapesWhatXmlNeedsEscaped) {
  auto binding = bound("f", {{"A", "1"}});
  binding.owner_name = "<&>\"' \xc3\xa4";
  binding.owner_uuid = "d54df46f-1ab5-4a22-8618-4560ef5fac2c";
  binding.port = "a<b&'\"c";
  binding.link = "\xe2\x82\xac";
  expect_equal(read(xml::write_binding(binding)).at(0), binding);
}

TEST(BindingWriter, IsStable) {
  const auto text = xml::write_binding(read(full).at(0));
  EXPECT_EQ(xml::write_binding(read(text).at(0)), text);
}

TEST(BindingWriter, WritesAUuidBesideEveryOwner) {
  auto binding = bound("f");
  binding.owner_name = "vm";
  EXPECT_EQ(read(xml::write_binding(binding)).at(0).owner_uuid, "00000000-0000-0000-0000-000000000000");
  binding.owner_name = "";
  EXPECT_EQ(xml::write_binding(binding).find("owner"), std::string::npos);
}

} // namespace
} // namespace nwgate::test
