// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/capture/capture_file.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

namespace nwgate::capture {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint32_t ethernet = 1;
constexpr std::uint32_t linux_cooked = 113;

/// Numbers of a byte order, one behind the other.
class Bytes {
public:
  explicit Bytes(bool is_big_endian = false) : is_big_endian_(is_big_endian) {}

  Bytes &u16(std::uint32_t value) { return number(value, 2); }
  Bytes &u32(std::uint32_t value) { return number(value, 4); }
  Bytes &text(const std::string &text) {
    text_ += text;
    return *this;
  }
  [[nodiscard]] std::string get() const { return text_; }

private:
  Bytes &number(std::uint32_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i)
      text_ += static_cast<char>(value >> (8 * (is_big_endian_ ? size - 1 - i : i)));
    return *this;
  }

  bool is_big_endian_;
  std::string text_;
};

std::string pcap_header(std::uint32_t magic, std::uint32_t link_type, bool is_big_endian = false) {
  return Bytes(is_big_endian).u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link_type).get();
}

std::string pcap_frame(std::uint32_t seconds, std::uint32_t fraction, const std::string &data, std::size_t length,
                       bool is_big_endian = false) {
  return Bytes(is_big_endian)
      .u32(seconds)
      .u32(fraction)
      .u32(static_cast<std::uint32_t>(data.size()))
      .u32(static_cast<std::uint32_t>(length))
      .text(data)
      .get();
}

constexpr std::uint32_t microseconds_magic = 0xa1b2c3d4;
constexpr std::uint32_t nanoseconds_magic = 0xa1b23c4d;

/// A section, an interface of Ethernet, and a frame of 16 bytes at 1000000 microseconds.
std::string pcapng() {
  return Bytes()
      .u32(0x0a0d0d0a)
      .u32(28)
      .u32(0x1a2b3c4d)
      .u16(1)
      .u16(0)
      .u32(0xffffffff)
      .u32(0xffffffff)
      .u32(28)
      .u32(1)
      .u32(20)
      .u16(ethernet)
      .u16(0)
      .u32(65535)
      .u32(20)
      .u32(6)
      .u32(48)
      .u32(0)
      .u32(0)
      .u32(1000000)
      .u32(16)
      .u32(60)
      .text("0123456789abcdef")
      .u32(48)
      .get();
}

class CaptureFiles : public testing::Test {
protected:
  void SetUp() override {
    auto name = (fs::temp_directory_path() / "nwgate-capture-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = name + "/a.pcap";
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string &content) const { std::ofstream(path_, std::ios::binary) << content; }

  /// All frames, or the error behind those that can be read.
  Result<std::vector<Frame>> read_all(std::size_t *count = nullptr) const {
    auto file = CaptureFile::open(path_);
    if (!file)
      return fail(file.error());
    std::vector<Frame> frames;
    for (;;) {
      auto frame = file->next();
      if (count != nullptr)
        *count = frames.size();
      if (!frame)
        return fail(frame.error());
      if (!*frame)
        return frames;
      frames.push_back(std::move(**frame));
    }
  }
  std::string error_of(const std::string &content) const {
    write(content);
    const auto read = read_all();
    return read ? "read" : read.error().message();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(CaptureFiles, EachForm) {
  write(pcap_header(microseconds_magic, ethernet) + pcap_frame(5, 7, "0123456789abcdef", 60) +
        pcap_frame(6, 0, "x", 1));
  auto frames = read_all();
  ASSERT_TRUE(frames) << frames.error().message();
  ASSERT_EQ(frames->size(), 2U);
  EXPECT_EQ(frames->at(0).time, nanoseconds(5'000'007'000));
  EXPECT_EQ(frames->at(0).bytes.size(), 16U);
  EXPECT_EQ(frames->at(0).bytes.at(10), 'a');
  EXPECT_EQ(frames->at(0).length, 60U);
  EXPECT_EQ(frames->at(1).length, 1U);
  write(pcap_header(nanoseconds_magic, ethernet, true) + pcap_frame(5, 7, "0123", 3, true));
  frames = read_all();
  ASSERT_TRUE(frames) << frames.error().message();
  EXPECT_EQ(frames->at(0).time, nanoseconds(5'000'000'007));
  EXPECT_EQ(frames->at(0).length, 4U) << "no shorter than what there is of it";
  write(pcapng());
  frames = read_all();
  ASSERT_TRUE(frames) << frames.error().message();
  ASSERT_EQ(frames->size(), 1U);
  EXPECT_EQ(frames->at(0).time, nanoseconds(1'000'000'000));
  EXPECT_EQ(frames->at(0).bytes.size(), 16U);
  EXPECT_EQ(frames->at(0).length, 60U);
  write(pcap_header(microseconds_magic, ethernet));
  frames = read_all();
  ASSERT_TRUE(frames) << frames.error().message();
  EXPECT_EQ(frames->size(), 0U);
}

TEST_F(CaptureFiles, ErrorsNameTheFile) {
  EXPECT_THAT(read_all().error().message(), HasSubstr("cannot read " + path_ + ": No such file"));
  EXPECT_THAT(CaptureFile::open(folder_).error().message(), HasSubstr("cannot read " + folder_ + ": Is a directory"));
  for (const auto &content : {std::string(), std::string("<filter/>"), std::string("just some text, and more of it")})
    EXPECT_THAT(error_of(content), StartsWith("cannot read " + path_ + " as a capture: "));
  const auto other = error_of(pcap_header(microseconds_magic, linux_cooked));
  EXPECT_THAT(other, HasSubstr(path_));
  EXPECT_THAT(other, HasSubstr("its link type is LINUX_SLL, not Ethernet"));
}

TEST_F(CaptureFiles, WhatIsInFrontOfABreakIsRead) {
  const auto whole = pcap_header(microseconds_magic, ethernet) + pcap_frame(5, 7, "0123456789abcdef", 16);
  write(whole + whole.substr(24, 20));
  std::size_t count = 0;
  const auto read = read_all(&count);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(), StartsWith("cannot read " + path_ + " behind frame 1: "));
  EXPECT_EQ(count, 1U);
}

TEST_F(CaptureFiles, GarbageIsAnErrorAtMost) {
  std::mt19937 random(1);
  const std::vector<std::string> beginnings = {
      pcapng(), pcapng() + pcapng(),
      pcap_header(microseconds_magic, ethernet) + pcap_frame(5, 7, "0123456789abcdef", 60) + pcap_frame(6, 8, "01", 2)};
  std::size_t read = 0;
  for (int i = 0; i < 1000; ++i) {
    auto content = beginnings.at(random() % beginnings.size());
    for (auto changes = 1 + random() % 4; changes > 0; --changes)
      content.at(random() % content.size()) = static_cast<char>(random() % 3 == 0 ? 0xff : random());
    if (random() % 4 == 0)
      content.resize(random() % content.size());
    write(content);
    const auto frames = read_all();
    read += frames ? 1 : 0;
    if (!frames) {
      EXPECT_THAT(frames.error().message(), HasSubstr(path_));
    }
  }
  EXPECT_GT(read, 30U);
}

} // namespace
} // namespace nwgate::capture
