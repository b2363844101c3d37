#include "bench/bare_cipher.h"

#include <cstring>

namespace native_dtls {

BareCipher::BareCipher(const AeadShape& shape, bool seals)
    : shape_(&shape),
      cipher_(EVP_CIPHER_fetch(nullptr, shape.name, nullptr)),
      context_(EVP_CIPHER_CTX_new()) {
  EVP_CipherInit_ex(context_.get(), cipher_.get(), nullptr, nullptr, nullptr, seals);
  EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_IVLEN, kNonceBytes, nullptr);
  if (shape.is_ccm) {
    EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, shape.tag_bytes, nullptr);
  }
}

void BareCipher::SetNumber(uint64_t number) {
  std::memcpy(nonce_.data() + kNonceBytes - sizeof number, &number, sizeof number);
  std::memcpy(additional_.data(), &number, sizeof number);
}

bool BareCipher::Seal(const uint8_t* key, uint64_t number, ByteView plaintext, uint8_t* out) {
  SetNumber(number);
  EVP_CIPHER_CTX* context = context_.get();
  const int size = static_cast<int>(plaintext.size());
  int written = 0;
  return EVP_EncryptInit_ex(context, nullptr, nullptr, key, nonce_.data()) == 1 &&
         (!shape_->is_ccm || EVP_EncryptUpdate(context, nullptr, &written, nullptr, size) == 1) &&
         EVP_EncryptUpdate(context, nullptr, &written, additional_.data(), kAdditionalBytes) == 1 &&
         EVP_EncryptUpdate(context, out, &written, plaintext.data(), size) == 1 &&
         EVP_EncryptFinal_ex(context, out + size, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, shape_->tag_bytes, out + size) == 1;
}

bool BareCipher::Open(const uint8_t* key, uint64_t number, ByteView sealed, uint8_t* out) {
  SetNumber(number);
  EVP_CIPHER_CTX* context = context_.get();
  const int size = static_cast<int>(sealed.size()) - shape_->tag_bytes;
  auto* tag = const_cast<uint8_t*>(sealed.data()) + size;
  int written = 0;
  return EVP_DecryptInit_ex(context, nullptr, nullptr, key, nonce_.data()) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, shape_->tag_bytes, tag) == 1 &&
         (!shape_->is_ccm || EVP_DecryptUpdate(context, nullptr, &written, nullptr, size) == 1) &&
         EVP_DecryptUpdate(context, nullptr, &written, additional_.data(), kAdditionalBytes) == 1 &&
         EVP_DecryptUpdate(context, out, &written, sealed.data(), size) == 1 &&
         (shape_->is_ccm || EVP_DecryptFinal_ex(context, out + size, &written) == 1);
}

}  // namespace native_dtls
