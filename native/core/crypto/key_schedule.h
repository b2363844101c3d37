// From the secrets of a finished key exchange to the keys of its records (RFC 5246 section 6.3), and to keys
// for other protocols (RFC 5705).
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "core/crypto/aead.h"

namespace native_dtls {

// What every key of a session is derived from. Wiped when it goes.
class SessionSecrets {
 public:
  static constexpr size_t kMasterSecretBytes = 48;
  static constexpr size_t kRandomBytes = 32;
  static constexpr size_t kBytes = kMasterSecretBytes + 2 * kRandomBytes;

  // Those of an SSL object whose master secret and randoms are final; nothing before that.
  static std::optional<SessionSecrets> Of(const SSL* ssl);
  // What bytes() has returned; of another length: nothing.
  static std::optional<SessionSecrets> From(ByteView bytes);

  SessionSecrets(const SessionSecrets&) = default;
  SessionSecrets& operator=(const SessionSecrets&) = delete;
  ~SessionSecrets();

  // Master secret, client's random, server's random.
  ByteView bytes() const { return bytes_; }
  ByteView master() const { return ByteView(bytes_).first(kMasterSecretBytes); }
  ByteView client_random() const { return ByteView(bytes_).subspan(kMasterSecretBytes, kRandomBytes); }
  ByteView server_random() const { return ByteView(bytes_).last(kRandomBytes); }

 private:
  SessionSecrets() = default;

  std::array<uint8_t, kBytes> bytes_;
};

struct KeyBlock {
  TrafficKey client_write;
  TrafficKey server_write;
};

// Nothing when OpenSSL fails.
std::optional<KeyBlock> DeriveKeys(const SessionSecrets& secrets, const CipherSuite& suite, AeadPool& pool);

// Fills `out` with keying material for `label` (RFC 5705 section 4); no context is another one than an empty
// one. False when OpenSSL fails, for a label that TLS itself uses, and for a context above 65535 bytes.
bool ExportKeyingMaterial(const SessionSecrets& secrets, const CipherSuite& suite, std::string_view label,
                          std::optional<ByteView> context, std::span<uint8_t> out);

}  // namespace native_dtls
