// Takes apart what libFuzzer gives. Beyond the end everything is zero or empty.
#pragma once

#include <algorithm>

#include "core/base/bytes.h"

namespace native_dtls {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}
  bool empty() const { return rest_.empty(); }
  uint8_t Byte() { return empty() ? 0 : Take(1)[0]; }
  // Two bytes, the high one first.
  size_t Size() {
    const size_t high = Byte();
    return high << 8 | Byte();
  }
  ByteView Take(size_t size) {
    const ByteView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  ByteView rest_;
};

}  // namespace native_dtls
