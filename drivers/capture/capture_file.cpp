// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/capture/capture_file.h"

#include "drivers/capture/pcap_library.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nwgate::capture {
namespace {

/// The file, or the standard input; libpcap closes it.
Result<std::FILE *> open_file(const std::string &path) {
  const int descriptor = path == "-" ? dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return fail("cannot read " + path, errno);
  struct stat status {};
  if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    close(descriptor);
    return fail("cannot read " + path, EISDIR);
  }
  auto *file = fdopen(descriptor, "rb");
  if (file == nullptr) {
    const int code = errno;
    close(descriptor);
    return fail("cannot read " + path, code);
  }
  return file;
}

/// With the precision that was asked for, tv_usec counts nanoseconds. What no clock says is brought to what can be
/// counted.
std::chrono::nanoseconds time_of(const timeval &stamp) {
  constexpr std::int64_t last_second = 9'000'000'000; // in the year 2255
  constexpr std::int64_t last_nanosecond = 999'999'999;
  return std::chrono::seconds(std::clamp<std::int64_t>(stamp.tv_sec, 0, last_second)) +
         std::chrono::nanoseconds(std::clamp<std::int64_t>(stamp.tv_usec, 0, last_nanosecond));
}

} // namespace

struct CaptureFile::Reader {
  std::string path;
  PcapLibrary pcap;
  pcap_t *handle = nullptr;
  std::size_t frames = 0;
};

CaptureFile::CaptureFile(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
CaptureFile::CaptureFile(CaptureFile &&other) noexcept = default;

CaptureFile::~CaptureFile() {
  if (reader_)
    reader_->pcap.close(reader_->handle);
}

Result<CaptureFile> CaptureFile::open(const std::string &path) {
  auto pcap = PcapLibrary::load();
  if (!pcap)
    return fail(pcap.error().in("cannot read " + path));
  const auto file = open_file(path);
  if (!file)
    return fail(file.error());
  std::array<char, PCAP_ERRBUF_SIZE> message{};
  auto *handle = pcap->fopen_offline_with_tstamp_precision(*file, PCAP_TSTAMP_PRECISION_NANO, message.data());
  if (handle == nullptr) {
    std::fclose(*file);
    return fail(Error("cannot read " + path + " as a capture: " + message.data()));
  }
  auto reader = std::make_unique<Reader>();
  reader->path = path;
  reader->pcap = *pcap;
  reader->handle = handle;
  CaptureFile capture(std::move(reader)); // closes it from here on
  const int type = pcap->datalink(handle);
  if (type == DLT_EN10MB)
    return capture;
  const char *name = pcap->datalink_val_to_name(type);
  return fail(Error("cannot explain " + path + ": its link type is " + (name == nullptr ? std::to_string(type) : name) +
                    ", not Ethernet (EN10MB); capture on one device that has it, not on 'any'"));
}

Result<std::optional<Frame>> CaptureFile::next() {
  pcap_pkthdr *header = nullptr;
  const unsigned char *data = nullptr;
  switch (reader_->pcap.next_ex(reader_->handle, &header, &data)) {
  case 1:
    break;
  case PCAP_ERROR_BREAK: // the end
    return std::optional<Frame>();
  default:
    return fail(Error("cannot read " + reader_->path + " behind frame " + std::to_string(reader_->frames) + ": " +
                      reader_->pcap.geterr(reader_->handle)));
  }
  ++reader_->frames;
  Frame frame;
  frame.time = time_of(header->ts);
  frame.bytes.assign(data, data + header->caplen);
  frame.length = std::max<std::size_t>(header->len, header->caplen);
  return std::optional(std::move(frame));
}

} // namespace nwgate::capture
