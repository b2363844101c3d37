// The least that EVP asks for per record, written down plainly: what our record layer is measured against.
#pragma once

#include <array>

#include "core/base/bytes.h"
#include "core/crypto/cipher_suite.h"
#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

class BareCipher {
 public:
  static constexpr size_t kNonceBytes = 12;
  static constexpr size_t kAdditionalBytes = 13;

  BareCipher(const AeadShape& shape, bool seals);

  // `key` null: the one of the call before. Ciphertext and tag go to `out`.
  bool Seal(const uint8_t* key, uint64_t number, ByteView plaintext, uint8_t* out);
  bool Open(const uint8_t* key, uint64_t number, ByteView sealed, uint8_t* out);

 private:
  using CipherPtr = OpenSslPtr<EVP_CIPHER, EVP_CIPHER_free>;
  using CipherCtxPtr = OpenSslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

  void SetNumber(uint64_t number);

  const AeadShape* shape_;
  CipherPtr cipher_;
  CipherCtxPtr context_;
  std::array<uint8_t, kNonceBytes> nonce_{};
  std::array<uint8_t, kAdditionalBytes> additional_{};
};

}  // namespace native_dtls
