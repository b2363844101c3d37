// AEAD by EVP, with keys that belong to others: associations keep a few bytes of key, and the OpenSSL
// contexts that cost a kilobyte each are lent to whoever speaks just now.
#pragma once

#include <array>
#include <memory>

#include "core/base/bytes.h"
#include "core/crypto/cipher_suite.h"
#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

inline constexpr size_t kNonceBytes = 12;

// The key of one direction of one association. Wiped when it goes.
class TrafficKey {
 public:
  TrafficKey(AeadAlgorithm algorithm, ByteView key, ByteView fixed_iv, uint64_t id);
  TrafficKey(TrafficKey&& other) noexcept;
  TrafficKey& operator=(TrafficKey&&) = delete;
  ~TrafficKey();

  const AeadShape& shape() const { return ShapeOf(algorithm_); }
  AeadAlgorithm algorithm() const { return algorithm_; }
  ByteView key() const { return ByteView(key_).first(shape().key_bytes); }
  ByteView fixed_iv() const { return ByteView(fixed_iv_).first(shape().fixed_iv_bytes); }
  // Unlike that of any other key that the same pool has seen.
  uint64_t id() const { return id_; }

 private:
  AeadAlgorithm algorithm_;
  std::array<uint8_t, kNonceBytes> fixed_iv_{};
  std::array<uint8_t, 32> key_{};
  uint64_t id_;
};

class AeadPool {
 public:
  uint64_t NewKeyId() { return ++last_id_; }

  // The key has come to its end: nothing of it stays behind.
  void Forget(const TrafficKey& key);

  // Writes ciphertext and tag, plaintext.size() + tag bytes, to `out`, which may be where the plaintext is.
  bool Seal(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
            ByteView plaintext, uint8_t* out);

  // Writes the plaintext, sealed.size() - tag bytes, to `out`, which may be where the ciphertext is. False,
  // and nothing to be read at `out`, when the tag does not verify.
  bool Open(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
            ByteView sealed, uint8_t* out);

 private:
  using CipherPtr = OpenSslPtr<EVP_CIPHER, EVP_CIPHER_free>;
  using CipherCtxPtr = OpenSslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

  // A context for this algorithm and direction that has the key with this id, 0 for none.
  struct Place {
    CipherCtxPtr context;
    uint64_t key_id = 0;
    AeadAlgorithm algorithm{};
    bool seals = false;
  };

  // Keys that share a place take turns in it, at the price of a key schedule.
  static constexpr size_t kPlaces = 256;

  // A context that is ready for a record of `key`; null when OpenSSL fails.
  EVP_CIPHER_CTX* Begin(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, bool seals);
  bool Prepare(Place& place, AeadAlgorithm algorithm, bool seals);
  const EVP_CIPHER* Cipher(AeadAlgorithm algorithm);

  std::array<CipherPtr, kAeadAlgorithms> ciphers_;
  std::array<Place, kPlaces> places_;
  uint64_t last_id_ = 0;
};

}  // namespace native_dtls
