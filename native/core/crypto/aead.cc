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

namespace {

// OpenSSL 3.0's CCM takes a null pointer for the end of the message, even where the message is empty.
const uint8_t* Present(ByteView bytes) {
  static constexpr uint8_t kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

}  // namespace

bool AeadPool::Seal(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
                    ByteView plaintext, uint8_t* out) {
  EVP_CIPHER_CTX* context = Begin(key, nonce, true);
  if (context == nullptr) return false;
  const int size = static_cast<int>(plaintext.size());
  const AeadShape& shape = key.shape();
  int written = 0;
  // CCM must know the length before anything else.
  return (!shape.is_ccm || EVP_EncryptUpdate(context, nullptr, &written, nullptr, size) == 1) &&
         EVP_EncryptUpdate(context, nullptr, &written, additional.data(),
                           static_cast<int>(additional.size())) == 1 &&
         EVP_EncryptUpdate(context, out, &written, Present(plaintext), size) == 1 &&
         EVP_EncryptFinal_ex(context, out + size, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, shape.tag_bytes, out + size) == 1;
}

bool AeadPool::Open(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
                    ByteView sealed, uint8_t* out) {
  const AeadShape& shape = key.shape();
  const int tag_bytes = shape.tag_bytes;
  if (sealed.size() < static_cast<size_t>(tag_bytes)) return false;
  EVP_CIPHER_CTX* context = Begin(key, nonce, false);
  if (context == nullptr) return false;
  const int size = static_cast<int>(sealed.size()) - tag_bytes;
  auto* tag = const_cast<uint8_t*>(sealed.data()) + size;
  int written = 0;
  if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag) != 1) return false;
  if (shape.is_ccm && EVP_DecryptUpdate(context, nullptr, &written, nullptr, size) != 1) return false;
  if (EVP_DecryptUpdate(context, nullptr, &written, additional.data(), static_cast<int>(additional.size())) !=
          1 ||
      EVP_DecryptUpdate(context, out, &written, sealed.data(), size) != 1) {
    return false;
  }
  // CCM has verified the tag with the data.
  return shape.is_ccm || EVP_DecryptFinal_ex(context, out + size, &written) == 1;
}

EVP_CIPHER_CTX* AeadPool::Begin(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce,
                                bool seals) {
  Place& place = places_[key.id() % kPlaces];
  const bool prepared = place.context && place.algorithm == key.algorithm() && place.seals == seals;
  if (!prepared && !Prepare(place, key.algorithm(), seals)) return nullptr;
  const bool has_key = place.key_id == key.id();
  // None while OpenSSL may be between two keys.
  place.key_id = 0;
  if (EVP_CipherInit_ex(place.context.get(), nullptr, nullptr, has_key ? nullptr : key.key().data(),
                        nonce.data(), seals) != 1) {
    return nullptr;
  }
  place.key_id = key.id();
  return place.context.get();
}

void AeadPool::Forget(const TrafficKey& key) {
  Place& place = places_[key.id() % kPlaces];
  if (place.key_id != key.id()) return;
  place.key_id = 0;
  // Wipes the key schedule.
  place.context.reset();
}

bool AeadPool::Prepare(Place& place, AeadAlgorithm algorithm, bool seals) {
  place.key_id = 0;
  place.context.reset(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* context = place.context.get();
  const EVP_CIPHER* cipher = Cipher(algorithm);
  const AeadShape& shape = ShapeOf(algorithm);
  const bool prepared =
      context != nullptr && cipher != nullptr &&
      EVP_CipherInit_ex(context, cipher, nullptr, nullptr, nullptr, seals) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, kNonceBytes, nullptr) == 1 &&
      (!shape.is_ccm || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, shape.tag_bytes, nullptr) == 1);
  if (!prepared) {
    place.context.reset();
    return false;
  }
  place.algorithm = algorithm;
  place.seals = seals;
  return true;
}

const EVP_CIPHER* AeadPool::Cipher(AeadAlgorithm algorithm) {
  CipherPtr& cipher = ciphers_[static_cast<size_t>(algorithm)];
  if (!cipher) cipher.reset(EVP_CIPHER_fetch(nullptr, ShapeOf(algorithm).name, nullptr));
  return cipher.get();
}

}  // namespace native_dtls
