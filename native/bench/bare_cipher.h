// The least that EVP asks for per record, written down plainly, in both forms that EVP has: what our record
// layer is measured against.
#pragma once

#include <array>

#include "core/base/bytes.h"
#include "core/crypto/cipher_suite.h"
#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

class BareCipher {
 public:
  static constexpr size_t kNonceBytes = 12;
  // Of a plain record.
  static constexpr size_t kAdditionalBytes = 13;

  // General: nonce, additional data, text, tag, each by a call of its own. Record: OpenSSL's form for the
  // records of TLS, of the suites that have it for us (AeadShape).
  enum class Form { kGeneral, kRecord };

  // The record's form has additional data of 13 bytes and no other.
  BareCipher(const AeadShape& shape, bool seals, Form form, size_t additional_bytes = kAdditionalBytes);

  size_t SealedBytes(size_t plaintext_bytes) const {
    return prefix_bytes_ + plaintext_bytes + shape_->tag_bytes;
  }

  // `key` null: the one of the call before. SealedBytes go to `out`.
  bool Seal(const uint8_t* key, uint64_t number, ByteView plaintext, uint8_t* out);
  // `out` has room for all that was sealed.
  bool Open(const uint8_t* key, uint64_t number, ByteView sealed, uint8_t* out);

 private:
  using CipherPtr = OpenSslPtr<EVP_CIPHER, EVP_CIPHER_free>;
  using CipherCtxPtr = OpenSslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

  void SetNumber(uint64_t number);
  bool Begin(const uint8_t* key);
  bool BeginRecord(const uint8_t* key, size_t bytes);
  bool Feed(ByteView text, uint8_t* out);
  bool Pass(const uint8_t* in, uint8_t* out, size_t bytes);

  const AeadShape* shape_;
  Form form_;
  // The explicit nonce belongs to a record's form only.
  size_t prefix_bytes_;
  CipherPtr cipher_;
  CipherCtxPtr context_;
  std::array<uint8_t, kNonceBytes> nonce_{};
  const std::array<uint8_t, kNonceBytes> fixed_iv_{};
  Bytes additional_;
};

}  // namespace native_dtls
