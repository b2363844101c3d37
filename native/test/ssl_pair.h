// A client and a server of OpenSSL's own DTLS 1.2, joined in memory: what our records are compared with.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/crypto/cipher_suite.h"
#include "test/memory_bio.h"

namespace native_dtls {

class SslPair {
 public:
  // PEM; empty for suites with a pre-shared key.
  struct Identity {
    std::string certificate;
    std::string key;
  };

  // A finished handshake with this suite; null when it fails.
  static std::unique_ptr<SslPair> Create(const CipherSuite& suite, const Identity& identity);

  const CipherSuite& suite() const { return *suite_; }
  SSL* ssl(bool client) const { return end(client).ssl.get(); }

  // SSL_write: the datagram, until the next call; empty when it fails.
  ByteView Write(bool client, ByteView plaintext);
  // SSL_read of one datagram: the number of bytes in `out`; nothing when OpenSSL drops it.
  std::optional<size_t> Read(bool client, ByteView datagram, std::span<uint8_t> out);

 private:
  struct End {
    MemoryBio bio;
    SslPtr ssl;
  };

  explicit SslPair(const CipherSuite* suite) : suite_(suite) {}
  bool Prepare(End& end, bool client, const Identity& identity);
  bool Shake();
  static bool Carry(End& from, End& to);
  const End& end(bool client) const { return client ? client_ : server_; }
  End& end(bool client) { return client ? client_ : server_; }

  const CipherSuite* suite_;
  End client_;
  End server_;
};

bool UseIdentity(SSL_CTX* ctx, const SslPair::Identity& identity);

}  // namespace native_dtls
