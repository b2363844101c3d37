#include "core/crypto/key_schedule.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "core/crypto/secret.h"

namespace native_dtls {

namespace {

constexpr size_t kMasterSecretBytes = 48;
constexpr size_t kRandomBytes = 32;

using KdfPtr = OpenSslPtr<EVP_KDF, EVP_KDF_free>;
using KdfCtxPtr = OpenSslPtr<EVP_KDF_CTX, EVP_KDF_CTX_free>;

// The PRF of TLS 1.2 (RFC 5246 section 5); OpenSSL's takes the label as the first part of the seed.
bool Prf(bool sha384, ByteView secret, ByteView labelled_seed, std::span<uint8_t> out) {
  const KdfPtr kdf(EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr));
  const KdfCtxPtr context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
  if (!context) return false;
  char digest[] = "SHA256";
  char long_digest[] = "SHA384";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha384 ? long_digest : digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, const_cast<uint8_t*>(secret.data()),
                                        secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, const_cast<uint8_t*>(labelled_seed.data()),
                                        labelled_seed.size()),
      OSSL_PARAM_construct_end(),
  };
  return EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) == 1;
}

}  // namespace

std::optional<KeyBlock> DeriveKeys(const SSL* ssl, const CipherSuite& suite, AeadPool& pool) {
  const SSL_SESSION* session = SSL_get_session(ssl);
  Secret master(kMasterSecretBytes);
  if (session == nullptr ||
      SSL_SESSION_get_master_key(session, master.data(), master.size()) != kMasterSecretBytes) {
    return std::nullopt;
  }
  constexpr std::string_view kLabel = "key expansion";
  std::array<uint8_t, kLabel.size() + 2 * kRandomBytes> seed;
  uint8_t* at = std::ranges::copy(kLabel, seed.data()).out;
  if (SSL_get_server_random(ssl, at, kRandomBytes) != kRandomBytes ||
      SSL_get_client_random(ssl, at + kRandomBytes, kRandomBytes) != kRandomBytes) {
    return std::nullopt;
  }
  const AeadShape& shape = suite.shape();
  const size_t key_bytes = shape.key_bytes, iv_bytes = shape.fixed_iv_bytes;
  Secret block(2 * (key_bytes + iv_bytes));
  if (!Prf(suite.prf_is_sha384, master.view(), seed, {block.data(), block.size()})) return std::nullopt;
  const ByteView keys = block.view().first(2 * key_bytes), ivs = block.view().subspan(2 * key_bytes);
  return KeyBlock{
      .client_write =
          TrafficKey(suite.algorithm, keys.first(key_bytes), ivs.first(iv_bytes), pool.NewKeyId()),
      .server_write =
          TrafficKey(suite.algorithm, keys.subspan(key_bytes), ivs.subspan(iv_bytes), pool.NewKeyId()),
  };
}

}  // namespace native_dtls
