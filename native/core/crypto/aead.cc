#include "core/crypto/aead.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <cstring>

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

// Parameters are set and read without the controls of old, which do the same through more hands.
bool Set(EVP_CIPHER_CTX* context, const char* name, ByteView value) {
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_octet_string(name, const_cast<uint8_t*>(value.data()), value.size()), OSSL_PARAM_END};
  return EVP_CIPHER_CTX_set_params(context, parameters) == 1;
}

bool ReadTag(EVP_CIPHER_CTX* context, uint8_t* out, size_t bytes) {
  OSSL_PARAM parameters[] = {OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out, bytes), OSSL_PARAM_END};
  return EVP_CIPHER_CTX_get_params(context, parameters) == 1;
}

// Additional data and text; what comes after them differs. CCM must know the length before anything else.
bool Feed(EVP_CIPHER_CTX* context, bool is_ccm, ByteView additional, ByteView text, uint8_t* out) {
  const int size = static_cast<int>(text.size());
  int written = 0;
  // Without a place to write to it would be taken for additional data, and CCM would verify nothing.
  uint8_t nowhere = 0;
  if (out == nullptr) out = &nowhere;
  return (!is_ccm || EVP_CipherUpdate(context, nullptr, &written, nullptr, size) == 1) &&
         EVP_CipherUpdate(context, nullptr, &written, additional.data(),
                          static_cast<int>(additional.size())) == 1 &&
         EVP_CipherUpdate(context, out, &written, Present(text), size) == 1;
}

bool Finish(EVP_CIPHER_CTX* context, uint8_t* end) {
  int written = 0;
  return EVP_CipherFinal_ex(context, end, &written) == 1;
}

// One call for a whole record. It returns -1 when it fails, and another length than what it has always made
// of a record when OpenSSL has not taken it for one.
bool Pass(EVP_CIPHER_CTX* context, const uint8_t* in, size_t in_bytes, uint8_t* out, size_t result) {
  return EVP_Cipher(context, out, in, static_cast<unsigned int>(in_bytes)) == static_cast<int>(result);
}

bool SaysNumber(const uint8_t* explicit_nonce, uint64_t number) {
  std::array<uint8_t, sizeof(number)> expected;
  PutInteger(expected.data(), number, expected.size());
  return std::memcmp(explicit_nonce, expected.data(), expected.size()) == 0;
}

}  // namespace

bool AeadPool::Seal(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
                    ByteView plaintext, uint8_t* out) {
  const AeadShape& shape = key.shape();
  EVP_CIPHER_CTX* context = Begin(key, nonce, true);
  uint8_t* const tag = out + plaintext.size();
  return context != nullptr && Feed(context, shape.is_ccm, additional, plaintext, out) &&
         Finish(context, tag) && ReadTag(context, tag, shape.tag_bytes);
}

bool AeadPool::Open(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce, ByteView additional,
                    ByteView sealed, uint8_t* out) {
  const AeadShape& shape = key.shape();
  if (sealed.size() < shape.tag_bytes) return false;
  EVP_CIPHER_CTX* context = Begin(key, nonce, false);
  const size_t size = sealed.size() - shape.tag_bytes;
  // CCM has verified the tag with the data.
  const bool opened = context != nullptr && Set(context, OSSL_CIPHER_PARAM_AEAD_TAG, sealed.subspan(size)) &&
                      Feed(context, shape.is_ccm, additional, sealed.first(size), out) &&
                      (shape.is_ccm || Finish(context, out + size));
  if (!opened) OPENSSL_cleanse(out, size);
  return opened;
}

bool AeadPool::SealRecord(const TrafficKey& key, const RecordAdditional& additional, ByteView plaintext,
                          uint8_t* out) {
  const AeadShape& shape = key.shape();
  const size_t size = shape.overhead_bytes() + plaintext.size();
  EVP_CIPHER_CTX* context = BeginRecord(key, additional, size - shape.tag_bytes, true);
  if (context == nullptr) return false;
  std::ranges::copy(plaintext, out + shape.explicit_nonce_bytes);
  // OpenSSL writes the explicit nonce, and no record may leave under another one than its number.
  return Pass(context, out, size, out, size) &&
         (shape.explicit_nonce_bytes == 0 || SaysNumber(out, additional.number));
}

std::optional<ByteView> AeadPool::OpenRecord(const TrafficKey& key, const RecordAdditional& additional,
                                             ByteView body, uint8_t* room) {
  const AeadShape& shape = key.shape();
  if (body.size() < shape.overhead_bytes()) return std::nullopt;
  const size_t size = body.size() - shape.overhead_bytes();
  EVP_CIPHER_CTX* context = BeginRecord(key, additional, body.size(), false);
  const uint8_t* in = body.data();
  size_t result = size;
  // CCM opens a record where it lies and nowhere else, and what we were given is not ours to write to. It
  // speaks of the whole of it.
  if (shape.is_ccm) {
    std::ranges::copy(body, room);
    in = room;
    result = body.size();
  }
  if (context == nullptr || !Pass(context, in, body.size(), room, result)) {
    OPENSSL_cleanse(room, body.size());
    return std::nullopt;
  }
  return ByteView(room + shape.explicit_nonce_bytes, size);
}

AeadPool::Place* AeadPool::Prepared(const TrafficKey& key, bool seals, Form form) {
  Place& place = places_[key.id() % kPlaces];
  const bool fits =
      place.context && place.algorithm == key.algorithm() && place.seals == seals && place.form == form;
  return fits || Prepare(place, key.algorithm(), seals, form) ? &place : nullptr;
}

EVP_CIPHER_CTX* AeadPool::Begin(const TrafficKey& key, std::span<const uint8_t, kNonceBytes> nonce,
                                bool seals) {
  Place* place = Prepared(key, seals, Form::kGeneral);
  if (place == nullptr) return nullptr;
  EVP_CIPHER_CTX* context = place->context.get();
  const bool has_key = place->key_id == key.id();
  // None while OpenSSL may be between two keys.
  place->key_id = 0;
  if (EVP_CipherInit_ex2(context, nullptr, has_key ? nullptr : key.key().data(), nonce.data(), -1, nullptr) !=
      1) {
    return nullptr;
  }
  place->key_id = key.id();
  return context;
}

EVP_CIPHER_CTX* AeadPool::BeginRecord(const TrafficKey& key, const RecordAdditional& additional, size_t bytes,
                                      bool seals) {
  Place* place = Prepared(key, seals, Form::kRecord);
  if (place == nullptr) return nullptr;
  EVP_CIPHER_CTX* context = place->context.get();
  if (place->key_id != key.id()) {
    place->key_id = 0;
    if (EVP_CipherInit_ex2(context, nullptr, key.key().data(), nullptr, -1, nullptr) != 1 ||
        !Set(context, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, key.fixed_iv())) {
      return nullptr;
    }
    place->key_id = key.id();
  }
  // Here OpenSSL wants the length of what it is given, and takes nonce and tag off by itself.
  std::array<uint8_t, RecordAdditional::kBytes> given;
  additional.Write(given.data(), bytes);
  return Set(context, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, given) ? context : nullptr;
}

void AeadPool::Forget(const TrafficKey& key) {
  Place& place = places_[key.id() % kPlaces];
  if (place.key_id != key.id()) return;
  place.key_id = 0;
  // Wipes the key schedule.
  place.context.reset();
}

bool AeadPool::Prepare(Place& place, AeadAlgorithm algorithm, bool seals, Form form) {
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
  place.form = form;
  return true;
}

const EVP_CIPHER* AeadPool::Cipher(AeadAlgorithm algorithm) {
  CipherPtr& cipher = ciphers_[static_cast<size_t>(algorithm)];
  if (!cipher) cipher.reset(EVP_CIPHER_fetch(nullptr, ShapeOf(algorithm).name, nullptr));
  return cipher.get();
}

}  // namespace native_dtls
