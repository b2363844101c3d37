#include "core/crypto/key_schedule.h"

#include "core/crypto/secret.h"
#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

// What TLS itself derives from the master secret (RFC 5246, RFC 7627): nobody else may have it.
constexpr std::string_view kReservedLabels[] = {"client finished", "server finished", "master secret",
                                                "extended master secret", "key expansion"};

ByteView BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Prf::Digest DigestOf(const CipherSuite& suite) {
  return suite.prf_is_sha384 ? Prf::Digest::kSha384 : Prf::Digest::kSha256;
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
  if (!pool.prf().Derive(DigestOf(suite), secrets.master(), seed, {block.data(), block.size()})) {
    return std::nullopt;
  }
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
  return Prf().Derive(DigestOf(suite), secrets.master(), seed, out);
}

}  // namespace native_dtls
