// HMAC-SHA-256 with a key that is prepared once.
#pragma once

#include <array>
#include <initializer_list>

#include "core/base/bytes.h"
#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

class Hmac {
 public:
  static constexpr size_t kBytes = 32;

  explicit Hmac(ByteView key);

  // Over the concatenation of `parts`. False only when OpenSSL fails, which then holds for good.
  bool Compute(std::initializer_list<ByteView> parts, std::array<uint8_t, kBytes>& out);

 private:
  MacCtxPtr context_;
};

}  // namespace native_dtls
