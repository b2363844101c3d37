// Bytes that are wiped when they go.
#pragma once

#include <openssl/crypto.h>

#include <utility>

#include "core/base/bytes.h"

namespace native_dtls {

class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteView bytes) : bytes_(CopyOf(bytes)) {}
  explicit Secret(size_t size) : bytes_(size) {}
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    Wipe();
    bytes_ = std::exchange(other.bytes_, {});
    return *this;
  }
  ~Secret() { Wipe(); }

  void Wipe() {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
    bytes_.clear();
  }

  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }
  uint8_t* data() { return bytes_.data(); }
  ByteView view() const { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace native_dtls
