#include "bench/bare_cipher.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <cstring>

namespace native_dtls {

namespace {

bool Set(EVP_CIPHER_CTX* context, const char* name, const uint8_t* value, size_t bytes) {
  const OSSL_PARAM parameters[] = {OSSL_PARAM_octet_string(name, const_cast<uint8_t*>(value), bytes),
                                   OSSL_PARAM_END};
  return EVP_CIPHER_CTX_set_params(context, parameters) == 1;
}

bool ReadTag(EVP_CIPHER_CTX* context, uint8_t* out, size_t bytes) {
  OSSL_PARAM parameters[] = {OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out, bytes), OSSL_PARAM_END};
  return EVP_CIPHER_CTX_get_params(context, parameters) == 1;
}

}  // namespace

BareCipher::BareCipher(const AeadShape& shape, bool seals, Form form, size_t additional_bytes)
    : shape_(&shape),
      form_(form),
      prefix_bytes_(form == Form::kRecord ? shape.explicit_nonce_bytes : 0),
      cipher_(EVP_CIPHER_fetch(nullptr, shape.name, nullptr)),
      context_(EVP_CIPHER_CTX_new()),
      additional_(additional_bytes) {
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

bool BareCipher::Begin(const uint8_t* key) {
  return EVP_CipherInit_ex2(context_.get(), nullptr, key, nonce_.data(), -1, nullptr) == 1;
}

bool BareCipher::BeginRecord(const uint8_t* key, size_t bytes) {
  EVP_CIPHER_CTX* context = context_.get();
  if (key != nullptr &&
      (EVP_CipherInit_ex2(context, nullptr, key, nullptr, -1, nullptr) != 1 ||
       !Set(context, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, fixed_iv_.data(), shape_->fixed_iv_bytes))) {
    return false;
  }
  additional_[kAdditionalBytes - 2] = static_cast<uint8_t>(bytes >> 8);
  additional_[kAdditionalBytes - 1] = static_cast<uint8_t>(bytes);
  return Set(context, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, additional_.data(), kAdditionalBytes);
}

bool BareCipher::Feed(ByteView text, uint8_t* out) {
  EVP_CIPHER_CTX* context = context_.get();
  const int size = static_cast<int>(text.size());
  int written = 0;
  return (!shape_->is_ccm || EVP_CipherUpdate(context, nullptr, &written, nullptr, size) == 1) &&
         EVP_CipherUpdate(context, nullptr, &written, additional_.data(),
                          static_cast<int>(additional_.size())) == 1 &&
         EVP_CipherUpdate(context, out, &written, text.data(), size) == 1 &&
         (shape_->is_ccm || EVP_CipherFinal_ex(context, out + size, &written) == 1);
}

bool BareCipher::Pass(const uint8_t* in, uint8_t* out, size_t bytes) {
  return EVP_Cipher(context_.get(), out, in, static_cast<unsigned int>(bytes)) >= 0;
}

bool BareCipher::Seal(const uint8_t* key, uint64_t number, ByteView plaintext, uint8_t* out) {
  SetNumber(number);
  if (form_ == Form::kGeneral) {
    return Begin(key) && Feed(plaintext, out) &&
           ReadTag(context_.get(), out + plaintext.size(), shape_->tag_bytes);
  }
  // CCM takes a record in place only.
  std::ranges::copy(plaintext, out + prefix_bytes_);
  return BeginRecord(key, prefix_bytes_ + plaintext.size()) && Pass(out, out, SealedBytes(plaintext.size()));
}

bool BareCipher::Open(const uint8_t* key, uint64_t number, ByteView sealed, uint8_t* out) {
  SetNumber(number);
  if (form_ == Form::kGeneral) {
    const size_t size = sealed.size() - shape_->tag_bytes;
    return Begin(key) &&
           Set(context_.get(), OSSL_CIPHER_PARAM_AEAD_TAG, sealed.data() + size, shape_->tag_bytes) &&
           Feed(sealed.first(size), out);
  }
  if (!BeginRecord(key, sealed.size())) return false;
  if (!shape_->is_ccm) return Pass(sealed.data(), out, sealed.size());
  std::ranges::copy(sealed, out);
  return Pass(out, out, sealed.size());
}

}  // namespace native_dtls
