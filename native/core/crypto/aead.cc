#include "core/crypto/aead.h"

#include <openssl/crypto.h>

namespace native_dtls {

TrafficKey::TrafficKey(AeadAlgorithm algorithm, ByteView key, ByteView fixed_iv, uint64_t id)
    : algorithm_(algorithm), id_(id) {
  std::ranges::copy(key.first(shape().key_bytes), key_.begin());
  std::ranges::copy(fixed_iv.first(shape().fixed_iv_bytes), fixed_iv_.begin());
}

TrafficKey::TrafficKey(TrafficKey&& other) noexcept
    : algorithm_(other.algorithm_), fixed_iv_(other.fixed_iv_), key_(other.key_), id_(other.id_) {
  OPENSSL_cleanse(other.key_.data(), other.key_.size());
}

TrafficKey::~TrafficKey() { OPENSSL_cleanse(key_.data(), key_.size()); }

bool AeadPool::Seal(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
                    ByteView plaintext, uint8_t* out) {
  EVP_CIPHER_CTX* context = Borrow(key, true);
  if (context == nullptr) return false;
  const int size = static_cast<int>(plaintext.size());
  const int tag_bytes = key.shape().tag_bytes;
  int written = 0;
  return EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         // CCM must know the length before anything else.
         (!key.shape().is_ccm || EVP_EncryptUpdate(context, nullptr, &written, nullptr, size) == 1) &&
         EVP_EncryptUpdate(context, nullptr, &written, additional.data(),
                           static_cast<int>(additional.size())) == 1 &&
         EVP_EncryptUpdate(context, out, &written, plaintext.data(), size) == 1 &&
         EVP_EncryptFinal_ex(context, out + size, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_bytes, out + size) == 1;
}

bool AeadPool::Open(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
                    ByteView sealed, uint8_t* out) {
  const int tag_bytes = key.shape().tag_bytes;
  if (sealed.size() < static_cast<size_t>(tag_bytes)) return false;
  EVP_CIPHER_CTX* context = Borrow(key, false);
  if (context == nullptr) return false;
  const int size = static_cast<int>(sealed.size()) - tag_bytes;
  auto* tag = const_cast<uint8_t*>(sealed.data()) + size;
  int written = 0;
  if (EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag) != 1) {
    return false;
  }
  if (key.shape().is_ccm && EVP_DecryptUpdate(context, nullptr, &written, nullptr, size) != 1) return false;
  if (EVP_DecryptUpdate(context, nullptr, &written, additional.data(), static_cast<int>(additional.size())) !=
          1 ||
      EVP_DecryptUpdate(context, out, &written, sealed.data(), size) != 1) {
    return false;
  }
  // CCM has verified the tag with the data.
  return key.shape().is_ccm || EVP_DecryptFinal_ex(context, out + size, &written) == 1;
}

EVP_CIPHER_CTX* AeadPool::Borrow(const TrafficKey& key, bool seals) {
  Place& place = places_[(key.id() * 2 + seals) % kPlaces];
  if (place.key_id == key.id() && place.seals == seals) return place.context.get();
  return Prepare(place, key, seals) ? place.context.get() : nullptr;
}

bool AeadPool::Prepare(Place& place, const TrafficKey& key, bool seals) {
  place.key_id = 0;
  if (!place.context) place.context.reset(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* context = place.context.get();
  const EVP_CIPHER* cipher = Cipher(key.algorithm());
  if (context == nullptr || cipher == nullptr) return false;
  const bool prepared = EVP_CipherInit_ex(context, cipher, nullptr, nullptr, nullptr, seals) == 1 &&
                        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, kNonceBytes, nullptr) == 1 &&
                        (!key.shape().is_ccm || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG,
                                                                    key.shape().tag_bytes, nullptr) == 1) &&
                        EVP_CipherInit_ex(context, nullptr, nullptr, key.key().data(), nullptr, seals) == 1;
  if (!prepared) return false;
  place.key_id = key.id();
  place.seals = seals;
  return true;
}

const EVP_CIPHER* AeadPool::Cipher(AeadAlgorithm algorithm) {
  CipherPtr& cipher = ciphers_[static_cast<size_t>(algorithm)];
  if (!cipher) cipher.reset(EVP_CIPHER_fetch(nullptr, ShapeOf(algorithm).name, nullptr));
  return cipher.get();
}

}  // namespace native_dtls
