// Reads big-endian fields off a view without ever leaving it: after one failed read every further read fails.
#pragma once

#include "core/base/bytes.h"

namespace native_dtls {

class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  ByteView rest() const { return rest_; }

  // An unsigned integer of `width` bytes (at most 8); 0 after a failure.
  uint64_t Integer(size_t width) {
    uint64_t value = 0;
    for (uint8_t byte : Take(width)) value = value << 8 | byte;
    return value;
  }

  ByteView Take(size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  // A vector preceded by its length in `width` bytes.
  ByteView Vector(size_t width) { return Take(static_cast<size_t>(Integer(width))); }

 private:
  ByteView rest_;
  bool ok_ = true;
};

// Writes `value` big-endian into `width` bytes and returns the place behind them.
inline uint8_t* PutInteger(uint8_t* out, uint64_t value, size_t width) {
  for (size_t i = width; i > 0; --i) {
    out[i - 1] = static_cast<uint8_t>(value);
    value >>= 8;
  }
  return out + width;
}

}  // namespace native_dtls
