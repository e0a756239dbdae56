// SPDX-License-Identifier: LGPL-2.1-or-later
/// An open file, closed with its owner.
#pragma once

#include <unistd.h>
#include <utility>

namespace nwgate::bpf {

class Descriptor {
public:
  Descriptor() = default;
  /// Owns the number; less than 0 is none.
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor &&other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor &operator=(Descriptor &&other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0)
      ::close(number_);
  }

  [[nodiscard]] int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

private:
  int number_ = -1;
};

} // namespace nwgate::bpf
