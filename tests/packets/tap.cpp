// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tap.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <system_error>
#include <utility>

namespace nwgate::packets {
namespace {

constexpr int snapshot_length = 65535;
constexpr int buffer_size = 16 << 20;

void keep(unsigned char *user, const pcap_pkthdr *header, const unsigned char *data) {
  EXPECT_EQ(header->caplen, header->len) << "a frame is cut";
  auto &frames = *reinterpret_cast<std::vector<TappedFrame> *>(user);
  frames.push_back({std::chrono::seconds(header->ts.tv_sec) + std::chrono::nanoseconds(header->ts.tv_usec),
                    {data, data + header->caplen}});
}

} // namespace

Tap::Tap(const Namespace &space, const std::string &device, Side side) {
  const Within there(space);
  char message[PCAP_ERRBUF_SIZE] = {};
  handle_ = pcap_create(device.c_str(), message);
  const bool is_open = handle_ != nullptr && pcap_set_snaplen(handle_, snapshot_length) == 0 &&
                       pcap_set_buffer_size(handle_, buffer_size) == 0 && pcap_set_immediate_mode(handle_, 1) == 0 &&
                       pcap_set_tstamp_precision(handle_, PCAP_TSTAMP_PRECISION_NANO) == 0 &&
                       pcap_activate(handle_) == 0 &&
                       pcap_setdirection(handle_, side == Side::sent ? PCAP_D_OUT : PCAP_D_IN) == 0 &&
                       pcap_setnonblock(handle_, 1, message) == 0;
  if (is_open)
    return;
  const std::string why = handle_ == nullptr ? message : pcap_geterr(handle_);
  if (handle_ != nullptr)
    pcap_close(handle_);
  throw std::system_error(std::make_error_code(std::errc::io_error), "cannot capture at " + device + ": " + why);
}

Tap::Tap(Tap &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

Tap::~Tap() {
  if (handle_ != nullptr)
    pcap_close(handle_);
}

std::vector<TappedFrame> Tap::take() {
  std::vector<TappedFrame> frames;
  while (pcap_dispatch(handle_, -1, keep, reinterpret_cast<unsigned char *>(&frames)) > 0) {
  }
  pcap_stat lost{};
  EXPECT_EQ(pcap_stats(handle_, &lost), 0);
  EXPECT_EQ(lost.ps_drop, 0U) << "the capture has lost frames";
  return frames;
}

void write_capture(const std::string &path, std::vector<TappedFrame> frames) {
  std::ranges::stable_sort(frames, {}, &TappedFrame::time);
  auto *form = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, snapshot_length, PCAP_TSTAMP_PRECISION_NANO);
  auto *file = pcap_dump_open(form, path.c_str());
  ASSERT_NE(file, nullptr) << pcap_geterr(form);
  for (const auto &frame : frames) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(frame.time);
    pcap_pkthdr header{};
    header.ts.tv_sec = seconds.count();
    header.ts.tv_usec = (frame.time - seconds).count();
    header.caplen = static_cast<bpf_u_int32>(frame.bytes.size());
    header.len = header.caplen;
    pcap_dump(reinterpret_cast<unsigned char *>(file), &header, frame.bytes.data());
  }
  pcap_dump_close(file);
  pcap_close(form);
}

} // namespace nwgate::packets
