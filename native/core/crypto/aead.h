// AEAD by EVP, with keys that belong to others: associations keep a few bytes of key, and the OpenSSL
// contexts that cost a kilobyte each are lent to whoever speaks just now.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "core/base/bytes.h"
#include "core/crypto/cipher_suite.h"
#include "core/crypto/openssl_ptr.h"
#include "core/crypto/prf.h"
#include "core/wire/byte_reader.h"

namespace native_dtls {

inline constexpr size_t kNonceBytes = 12;
using Nonce = std::array<uint8_t, kNonceBytes>;

// The additional data of a plain record: these, and a length (RFC 5246 section 6.2.3.3). Numbers rather than
// bytes: bytes that have just been written one by one are slow to copy.
struct RecordAdditional {
  static constexpr size_t kBytes = 13;

  // Epoch and sequence number.
  uint64_t number;
  uint16_t version;
  uint8_t type;

  void Write(uint8_t* out, size_t length) const {
    out = PutInteger(out, number, 8);
    out = PutInteger(out, type, 1);
    out = PutInteger(out, version, 2);
    PutInteger(out, length, 2);
  }
};

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

  // With what keys are derived: its contexts are on loan as well.
  Prf& prf() { return prf_; }

  // The key has come to its end: nothing of it stays behind.
  void Forget(const TrafficKey& key);

  // Any nonce, any additional data. Writes ciphertext and tag, plaintext.size() + tag bytes, to `out`, which
  // may be where the plaintext is.
  bool Seal(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
            ByteView plaintext, uint8_t* out);

  // Writes the plaintext, sealed.size() - tag bytes, to `out`, which may be where the ciphertext is. False,
  // and nothing of a plaintext at `out`, when the tag does not verify.
  bool Open(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
            ByteView sealed, uint8_t* out);

  // The body of a plain record, of a suite that has OpenSSL's form for it (AeadShape): explicit nonce,
  // ciphertext and tag go to `out`. The nonce is made of the number that stands in `additional`, by RFC 6655
  // section 3 or RFC 7905 section 2; what comes out is what Seal makes of the same.
  bool SealRecord(const TrafficKey& key, const RecordAdditional& additional, ByteView plaintext,
                  uint8_t* out);

  // Opens the whole body of a plain record into `room`, which has its size and is not where it is. Where in
  // it the plaintext lies; nothing, and a wiped room, when the tag does not verify.
  std::optional<ByteView> OpenRecord(const TrafficKey& key, const RecordAdditional& additional, ByteView body,
                                     uint8_t* room);

 private:
  using CipherPtr = OpenSslPtr<EVP_CIPHER, EVP_CIPHER_free>;
  using CipherCtxPtr = OpenSslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

  // How a context is used. One that has been used in the one way is not used in the other: OpenSSL does not
  // say that this can be done, and CCM cannot.
  enum class Form : uint8_t { kGeneral, kRecord };

  // A context for this algorithm, direction and form that has the key with this id, 0 for none.
  struct Place {
    CipherCtxPtr context;
    uint64_t key_id = 0;
    AeadAlgorithm algorithm{};
    bool seals = false;
    Form form{};
  };

  // Keys that share a place take turns in it, at the price of a key schedule.
  static constexpr size_t kPlaces = 256;

  // A place with a context; null when OpenSSL fails.
  Place* Prepared(const TrafficKey& key, bool seals, Form form);
  bool Prepare(Place& place, AeadAlgorithm algorithm, bool seals, Form form);
  // A context that is ready for a record of `key`; null when OpenSSL fails.
  EVP_CIPHER_CTX* Begin(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, bool seals);
  EVP_CIPHER_CTX* BeginRecord(const TrafficKey& key, const RecordAdditional& additional, size_t bytes,
                              bool seals);
  const EVP_CIPHER* Cipher(AeadAlgorithm algorithm);

  std::array<CipherPtr, kAeadAlgorithms> ciphers_;
  std::array<Place, kPlaces> places_;
  Prf prf_;
  uint64_t last_id_ = 0;
};

}  // namespace native_dtls
