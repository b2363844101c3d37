// What the SSL objects of the raw loop share: credentials, session tickets under OpenSSL's own keys, and
// cookies of an HMAC over the peer's address.
#pragma once

#include <memory>
#include <string>

#include "core/crypto/hmac.h"
#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

struct RawCredentials {
  // A pre-shared key. Where it is empty there are certificates.
  std::string identity;
  Bytes key;
  // The server's own certificate and key, PEM.
  Bytes certificate;
  Bytes private_key;
  // PEM; empty when clients are not asked for certificates.
  Bytes client_authority;
};

class RawContext {
 public:
  // Null when OpenSSL refuses something.
  static std::unique_ptr<RawContext> Create(RawCredentials credentials);
  RawContext(const RawContext&) = delete;
  RawContext& operator=(const RawContext&) = delete;

  SSL_CTX* ssl_ctx() const { return ctx_.get(); }
  // Whom cookies are for that are made and verified from now on.
  void SetPeer(uint64_t address) { peer_ = address; }

 private:
  explicit RawContext(RawCredentials credentials);
  bool Configure();
  bool UseCertificates();
  bool MakeCookie(std::array<uint8_t, Hmac::kBytes>& out);

  static RawContext* Of(const SSL* ssl);
  static unsigned int GivePsk(SSL* ssl, const char* identity, unsigned char* key, unsigned int room);
  static int GenerateCookie(SSL* ssl, unsigned char* cookie, unsigned int* size);
  static int VerifyCookie(SSL* ssl, const unsigned char* cookie, unsigned int size);

  const RawCredentials credentials_;
  Hmac hmac_;
  SslCtxPtr ctx_;
  uint64_t peer_ = 0;
};

}  // namespace native_dtls
