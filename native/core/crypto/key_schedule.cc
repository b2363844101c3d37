#include "core/crypto/key_schedule.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "core/crypto/secret.h"
#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

using KdfPtr = OpenSslPtr<EVP_KDF, EVP_KDF_free>;
using KdfCtxPtr = OpenSslPtr<EVP_KDF_CTX, EVP_KDF_CTX_free>;

// What TLS itself derives from the master secret (RFC 5246, RFC 7627): nobody else may have it.
constexpr std::string_view kReservedLabels[] = {"client finished", "server finished", "master secret",
                                                "extended master secret", "key expansion"};

ByteView BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

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

Bytes Joined(std::initializer_list<ByteView> parts) {
  Bytes joined;
  for (const ByteView part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace

std::optional<SessionSecrets> SessionSecrets::Of(const SSL* ssl) {
  const SSL_SESSION* session = SSL_get_session(ssl);
  SessionSecrets secrets;
  uint8_t* const master = secrets.bytes_.data();
  uint8_t* const client_random = master + kMasterSecretBytes;
  if (session == nullptr ||
      SSL_SESSION_get_master_key(session, master, kMasterSecretBytes) != kMasterSecretBytes ||
      SSL_get_client_random(ssl, client_random, kRandomBytes) != kRandomBytes ||
      SSL_get_server_random(ssl, client_random + kRandomBytes, kRandomBytes) != kRandomBytes) {
    return std::nullopt;
  }
  return secrets;
}

std::optional<SessionSecrets> SessionSecrets::From(ByteView bytes) {
  if (bytes.size() != kBytes) return std::nullopt;
  SessionSecrets secrets;
  std::ranges::copy(bytes, secrets.bytes_.begin());
  return secrets;
}

SessionSecrets::~SessionSecrets() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

std::optional<KeyBlock> DeriveKeys(const SessionSecrets& secrets, const CipherSuite& suite, AeadPool& pool) {
  const Bytes seed = Joined({BytesOf("key expansion"), secrets.server_random(), secrets.client_random()});
  const AeadShape& shape = suite.shape();
  const size_t key_bytes = shape.key_bytes, iv_bytes = shape.fixed_iv_bytes;
  Secret block(2 * (key_bytes + iv_bytes));
  if (!Prf(suite.prf_is_sha384, secrets.master(), seed, {block.data(), block.size()})) return std::nullopt;
  const ByteView keys = block.view().first(2 * key_bytes), ivs = block.view().subspan(2 * key_bytes);
  return KeyBlock{
      .client_write =
          TrafficKey(suite.algorithm, keys.first(key_bytes), ivs.first(iv_bytes), pool.NewKeyId()),
      .server_write =
          TrafficKey(suite.algorithm, keys.subspan(key_bytes), ivs.subspan(iv_bytes), pool.NewKeyId()),
  };
}

bool ExportKeyingMaterial(const SessionSecrets& secrets, const CipherSuite& suite, std::string_view label,
                          std::optional<ByteView> context, std::span<uint8_t> out) {
  if (std::ranges::find(kReservedLabels, label) != std::end(kReservedLabels)) return false;
  Bytes seed = Joined({BytesOf(label), secrets.client_random(), secrets.server_random()});
  if (context) {
    if (context->size() > 0xffff) return false;
    std::array<uint8_t, 2> length;
    PutInteger(length.data(), context->size(), length.size());
    seed.insert(seed.end(), length.begin(), length.end());
    seed.insert(seed.end(), context->begin(), context->end());
  }
  return out.empty() || Prf(suite.prf_is_sha384, secrets.master(), seed, out);
}

}  // namespace native_dtls
