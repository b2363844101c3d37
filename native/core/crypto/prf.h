// The PRF of TLS 1.2 (RFC 5246 section 5) with contexts that are kept. OpenSSL's own (EVP_KDF) finds itself,
// HMAC and digest by name each time, and makes a context for every block: three times the work for the keys
// of a record.
#pragma once

#include <array>
#include <span>

#include "core/base/bytes.h"
#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

class Prf {
 public:
  enum class Digest { kSha256, kSha384 };

  // The seed begins with the label. No secret is left behind in the context. False when OpenSSL fails; what
  // is in `out` then is nothing.
  bool Derive(Digest digest, ByteView secret, ByteView labelled_seed, std::span<uint8_t> out);

 private:
  static constexpr size_t kMaxDigestBytes = 48;

  EVP_MAC_CTX* ContextOf(Digest digest);

  std::array<MacCtxPtr, 2> contexts_;
};

}  // namespace native_dtls
