// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/store/bindings.h"
#include "drivers/store/files.h"
#include "drivers/store/filters.h"
#include "drivers/store/settings.h"
#include "tests/support/documents.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <set>

namespace nwgate::store {
namespace {

namespace fs = std::filesystem;

class Store : public testing::Test {
protected:
  Store() {
    std::string name = fs::temp_directory_path() / "nwgate-store-XXXXXX";
    root_ = mkdtemp(name.data());
  }
  ~Store() override { fs::remove_all(root_); }

  std::string write(const std::string &path, const std::string &text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
    return root_ / path;
  }
  [[nodiscard]] Directories directories() const { return Directories(root_); }

  fs::path root_;
  Diagnostics diagnostics_;
};

const std::string binding_of = "<filterbinding><portdev name='vnet0'/><mac address='2:0:0:0:0:1'/><filterref "
                               "filter='f'/></filterbinding>";

TEST_F(Store, TheAdministratorsFilterWins) {
  write("etc/nwgate/filters/a.xml", "<filter name='a' chain='arp'/>");
  write("var/lib/nwgate/filters/a.xml", "<filter name='a' chain='mac'/>");
  write("var/lib/nwgate/filters/b.xml", "<filter name='b'/>");
  FilterFiles files(FilterFiles::search_path(directories(), {}), {});
  EXPECT_EQ(files.find("a", diagnostics_)->chain, "arp");
  EXPECT_EQ(files.find("b", diagnostics_)->chain, "root");
  EXPECT_EQ(files.find("c", diagnostics_), nullptr);
  EXPECT_TRUE(diagnostics_.ok());
}

TEST_F(Store, AFilterIsNamedLikeItsFile) {
  EXPECT_FALSE(read_filter_file(write("x.xml", "<filter name='y'/>"), {}, diagnostics_));
  EXPECT_EQ(test::joined_ids(diagnostics_), "NWG601:1:1");
}

TEST_F(Store, ABindingIsNamedLikeItsPort) {
  write("etc/nwgate/bindings/vnet9.xml", binding_of);
  const auto places = directories();
  const BindingFiles files(places, {});
  const auto listed = files.list().value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_FALSE(files.read(listed[0], diagnostics_));
  EXPECT_EQ(test::joined_ids(diagnostics_), "NWG601:1:1");
}

TEST_F(Store, TheAdministratorsBindingWins) {
  write("etc/nwgate/bindings/vnet0.xml", binding_of);
  write("run/nwgate/bindings/vnet0.xml", binding_of);
  const auto places = directories();
  const BindingFiles files(places, {});
  ASSERT_EQ(files.list().value().size(), 1U);
  EXPECT_TRUE(files.find("vnet0")->permanent);
  EXPECT_EQ(files.read(*files.find("vnet0"), diagnostics_)->port, "vnet0");
}

TEST_F(Store, AFileThatCannotBeReadIsReported) {
  fs::create_directories(root_ / "f.xml"); // a directory of that name
  EXPECT_FALSE(read_filter_file(root_ / "f.xml", {}, diagnostics_));
  EXPECT_EQ(test::joined_ids(diagnostics_), "NWG606");
  Diagnostics of_binding;
  EXPECT_TRUE(read_binding_file(root_ / "none.xml", {}, of_binding).empty());
  EXPECT_EQ(test::joined_ids(of_binding), "NWG606");
}

TEST_F(Store, AWrongFilterTellsEveryoneWhoAsks) {
  write("etc/nwgate/filters/a.xml", "<filter name='a' chain='x'/>");
  FilterFiles files(FilterFiles::search_path(directories(), {}), {});
  for (int round = 0; round < 2; ++round) {
    Diagnostics diagnostics;
    EXPECT_EQ(files.find("a", diagnostics), nullptr);
    EXPECT_EQ(test::joined_ids(diagnostics), "NWG202:1:18");
  }
}

TEST_F(Store, SettingsHaveDefaults) {
  const auto settings = read_settings(root_ / "none.conf", diagnostics_).value();
  EXPECT_EQ(settings.chain_prefix, "nwgate");
  EXPECT_EQ(settings.resolve_limits.rules, 65536U);
  EXPECT_TRUE(diagnostics_.ok());
}

TEST_F(Store, SettingsAreRead) {
  const auto path =
      write("nwgate.conf",
            "# a comment\nchain-prefix = libvirt\nmax-rules = 10\nfilter-directory = /a\nfilter-directory = /b\n");
  const auto settings = read_settings(path, diagnostics_).value();
  EXPECT_EQ(settings.chain_prefix, "libvirt");
  EXPECT_EQ(settings.resolve_limits.rules, 10U);
  EXPECT_EQ(settings.filter_directories, (std::vector<std::string>{"/a", "/b"}));
}

TEST_F(Store, WrongSettingsAreReportedAtTheirPlace) {
  (void)read_settings(write("a.conf", "\nmax-rules = many\n"), diagnostics_);
  EXPECT_EQ(test::joined_ids(diagnostics_), "NWG607:2:1");
  Diagnostics unknown;
  (void)read_settings(write("b.conf", "layout = xtables\nlay-out = x\n"), unknown);
  EXPECT_EQ(test::joined_ids(unknown), "NWG607:2:1");
}

TEST_F(Store, WhatIsBesideAFileIsNotLeftThere) {
  const auto path = write("bindings/a.xml", "old");
  const auto names = [&] {
    std::set<std::string> found;
    for (const auto &entry : fs::directory_iterator(root_ / "bindings"))
      found.insert(entry.path().filename());
    return found;
  };
  using Names = std::set<std::string>;
  {
    const auto given_up = StagedFile::write(path, "new");
    EXPECT_EQ(names(), (Names{"a.xml", ".a.xml.new"}));
  }
  EXPECT_EQ(names(), Names{"a.xml"});
  write("bindings/.a.xml.new", "written by a process that was killed");
  EXPECT_EQ(list_xml(root_ / "bindings").value(), std::vector<std::string>{"a.xml"});
  EXPECT_TRUE(StagedFile::write(path, "new").value().publish());
  EXPECT_EQ(read_file(path, 100).value(), "new");
  EXPECT_EQ(names(), Names{"a.xml"});
  write("bindings/.a.xml.new", "written by a process that was killed");
  EXPECT_TRUE(remove_file(path));
  EXPECT_EQ(names(), Names{});
}

TEST(FileNames, OfCgroupsHaveColonsForSlashes) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"/", ":"},
      {"/a", ":a"},
      {"/system.slice/nginx.service", ":system.slice:nginx.service"},
      {"/a:b/c%3A%25", ":a%3Ab:c%253A%2525"},
      {"classid:0x100001", "classid:0x100001"},
      {"vnet0", "vnet0"},
  };
  for (const auto &[name, stem] : names) {
    EXPECT_EQ(file_stem_of(name), stem);
    EXPECT_EQ(name_of_stem(stem), name);
  }
}

TEST_F(Store, ABindingOfACgroupIsFoundByItsPath) {
  const auto text = [](const std::string &path) {
    return "<cgroupbinding><cgroup path='" + path + "'/><filterref filter='f'/></cgroupbinding>";
  };
  write("run/nwgate/bindings/:a:b.xml", text("/a/b"));
  write("etc/nwgate/bindings/:a.xml", text("/a"));
  write("run/nwgate/bindings/:a.xml", text("/a"));
  write("run/nwgate/bindings/:c.xml", text("/d"));
  write("run/nwgate/bindings/:e%f.xml", text("/e%f"));
  write("run/nwgate/outside.xml", text("/outside"));
  const auto places = directories();
  const BindingFiles files(places, {});
  std::vector<std::string> names;
  const auto listed = files.list().value();
  names.reserve(listed.size());
  for (const auto &file : listed)
    names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{"/a", "/a/b", "/c", "/e%f"}));
  EXPECT_TRUE(files.find("/a")->permanent);
  ASSERT_TRUE(files.find("/a/b"));
  EXPECT_FALSE(files.find("/a/b")->permanent);
  const auto binding = files.read(*files.find("/a/b"), diagnostics_);
  ASSERT_TRUE(binding && diagnostics_.ok());
  EXPECT_EQ(binding->cgroup->path, "/a/b");
  for (const auto *name : {"/a/", "/a/../a", "/../outside", "../outside", "/b", "a", ""})
    EXPECT_FALSE(files.find(name)) << name;
  EXPECT_FALSE(files.read(*files.find("/c"), diagnostics_));
  EXPECT_EQ(test::joined_ids(diagnostics_), "NWG601:1:1");
  EXPECT_FALSE(files.read(listed.back(), diagnostics_)) << "under :e%25f.xml alone it would be found";
}

TEST(FileNames, LongOnesAreBounded) {
  const std::string fits = '/' + std::string(239, 'a');
  EXPECT_EQ(file_stem_of(fits), ':' + std::string(239, 'a'));
  EXPECT_EQ(name_of_stem(file_stem_of(fits)), fits);
  // They stay the same for ever.
  EXPECT_EQ(file_stem_of(fits + 'b'), ':' + std::string(199, 'a') + "%-12025c106fc37744");
  std::set<std::string> stems;
  for (const auto &end :
       {std::string("a"), std::string("b"), std::string(":"), std::string("%3A"), std::string(200, '/')})
    stems.insert(file_stem_of(fits + end));
  EXPECT_EQ(stems.size(), 5U);
  for (const auto &stem : stems) {
    EXPECT_LE(stem.size(), 240U);
    EXPECT_EQ(name_of_stem(stem), std::nullopt);
  }
  // No character of UTF-8 is cut.
  EXPECT_TRUE(file_stem_of('/' + std::string(198, 'a') + "\u00e4" + std::string(99, 'a'))
                  .starts_with(':' + std::string(198, 'a') + "%-"));
}

class LongPaths : public Store {
protected:
  static std::string document(const std::string &path, const std::string &filter = "<filterref filter='f'/>") {
    return "<cgroupbinding><cgroup path='" + path + "'/>" + filter + "</cgroupbinding>";
  }
  const std::string one_ = '/' + std::string(250, 'a') + "/one & only";
  const std::string two_ = '/' + std::string(250, 'a') + "/two";
  const Directories places_ = directories();
  const BindingFiles files_{places_, {}};
};

TEST_F(LongPaths, TheDocumentSaysWhatItBinds) {
  write("run/nwgate/bindings/" + file_stem_of(one_) + ".xml", document(one_.substr(0, 256) + "&amp; only"));
  write("etc/nwgate/bindings/" + file_stem_of(two_) + ".xml", document(two_));
  const auto listed = files_.list().value();
  ASSERT_EQ(listed.size(), 2U);
  for (const auto &file : listed) {
    EXPECT_TRUE(file.name == one_ || file.name == two_) << file.name;
    EXPECT_TRUE(files_.read(file, diagnostics_));
  }
  EXPECT_FALSE(files_.find(one_)->permanent);
  EXPECT_TRUE(files_.find(two_)->permanent);
  EXPECT_FALSE(files_.find(one_ + '1'));
  EXPECT_TRUE(diagnostics_.ok());
}

TEST_F(LongPaths, AnotherCgroupsFileIsNotTaken) {
  write("run/nwgate/bindings/" + file_stem_of(one_) + ".xml", document(two_));
  EXPECT_FALSE(files_.find(one_));
  EXPECT_FALSE(files_.find(two_));
  const auto listed = files_.list().value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].name, file_stem_of(one_));
  EXPECT_FALSE(files_.read(listed[0], diagnostics_));
  EXPECT_EQ(test::joined_ids(diagnostics_), "NWG601:1:1");
}

TEST_F(LongPaths, ABrokenDocumentIsStillThatOfItsCgroup) {
  const auto file = "run/nwgate/bindings/" + file_stem_of(one_) + ".xml";
  for (const auto &text : {document(one_.substr(0, 256) + "&amp; only", "<nonsense/>"),
                           "<cgroupbinding><cgroup path=\"" + one_.substr(0, 256) + "&amp; only\"><filterref"}) {
    write(file, text);
    EXPECT_EQ(files_.list().value()[0].name, one_);
    EXPECT_TRUE(files_.find(one_));
  }
  write(file, "nothing is left");
  EXPECT_EQ(files_.list().value()[0].name, file_stem_of(one_));
  EXPECT_TRUE(files_.find(one_));
}

TEST_F(LongPaths, WhatTheAdministratorWroteInFull) {
  const std::string path = '/' + std::string(249, 'a');
  write("etc/nwgate/bindings/:" + path.substr(1) + ".xml", document(path));
  EXPECT_EQ(files_.list().value()[0].name, path);
  ASSERT_TRUE(files_.find(path));
  EXPECT_TRUE(files_.read(*files_.find(path), diagnostics_));
}

} // namespace
} // namespace nwgate::store
