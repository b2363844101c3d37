// What a client keeps of a handshake to shake hands with the same server again in fewer messages: OpenSSL's
// session, and the certificates, of which that holds only the first.
#pragma once

#include <optional>
#include <vector>

#include "core/crypto/openssl_ptr.h"
#include "core/crypto/secret.h"

namespace native_dtls {

using SslSessionPtr = OpenSslPtr<SSL_SESSION, SSL_SESSION_free>;

struct ClientSession {
  SslSessionPtr session;
  // The server's, leaf first, DER.
  std::vector<Bytes> chain;
};

// Empty when the session cannot be resumed, or OpenSSL fails.
Secret WriteClientSession(SSL_SESSION* session, const std::vector<Bytes>& chain);

// Nothing when it is not what WriteClientSession has written.
std::optional<ClientSession> ReadClientSession(ByteView bytes);

}  // namespace native_dtls
