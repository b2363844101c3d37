#include "core/crypto/hmac.h"

#include <openssl/core_names.h>

namespace native_dtls {

Hmac::Hmac(ByteView key) {
  MacPtr mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (!mac) return;
  context_.reset(EVP_MAC_CTX_new(mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  if (context_ && EVP_MAC_init(context_.get(), key.data(), key.size(), parameters) != 1) context_.reset();
}

bool Hmac::Compute(std::initializer_list<ByteView> parts, std::array<uint8_t, kBytes>& out) {
  // Initialising without a key goes back to the prepared one.
  if (!context_ || EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1) return false;
  for (ByteView part : parts) {
    if (EVP_MAC_update(context_.get(), part.data(), part.size()) != 1) return false;
  }
  size_t written = 0;
  return EVP_MAC_final(context_.get(), out.data(), &written, out.size()) == 1 && written == out.size();
}

}  // namespace native_dtls
