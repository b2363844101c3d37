// Bytes that grow at the end and are emptied all at once. Unlike a vector it does not fill what it grows by:
// whoever asks for room writes to it.
#pragma once

#include <cstring>
#include <memory>
#include <utility>

#include "core/base/bytes.h"

namespace native_dtls {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept { *this = std::move(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  const uint8_t* data() const { return bytes_.get(); }
  ByteView view() const { return {bytes_.get(), size_}; }

  // Room for so many bytes more; valid until the next call.
  std::span<uint8_t> Grow(size_t bytes) {
    if (capacity_ - size_ < bytes) Reallocate(size_ + bytes);
    const std::span<uint8_t> room(bytes_.get() + size_, bytes);
    size_ += bytes;
    return room;
  }

  void Append(ByteView bytes) { std::ranges::copy(bytes, Grow(bytes.size()).begin()); }

  void ShrinkTo(size_t size) { size_ = std::min(size_, size); }

  // Empties it, and gives its memory back if it is larger than that.
  void Clear(size_t kept_capacity) {
    size_ = 0;
    if (capacity_ <= kept_capacity) return;
    bytes_.reset();
    capacity_ = 0;
  }

 private:
  void Reallocate(size_t least) {
    const size_t capacity = std::max(least, 2 * capacity_);
    auto bytes = std::make_unique_for_overwrite<uint8_t[]>(capacity);
    if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace native_dtls
