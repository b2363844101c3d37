// Session tickets (RFC 5077): a server gives its clients what it needs to go on with a session, sealed, and
// remembers nothing itself.
#pragma once

#include <memory>
#include <optional>

#include "core/base/clock.h"
#include "core/crypto/openssl_ptr.h"
#include "core/crypto/secret.h"

namespace native_dtls {

// The keys of a server at one time. Tickets of the keys before are still read, and replaced by new ones.
class TicketKeys {
 public:
  // As node:tls has them: name (16), HMAC-SHA-256 key (16), AES-128-CBC key (16).
  static constexpr size_t kBytes = 48;

  // Of kBytes each; `previous` may be empty.
  TicketKeys(ByteView current, ByteView previous);

  ByteView current() const { return current_.view(); }

  // The two halves of OpenSSL's callback (SSL_CTX_set_tlsext_ticket_key_evp_cb); they return what it wants.
  int PrepareSealing(uint8_t* name, uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;
  int PrepareOpening(const uint8_t* name, const uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;

 private:
  using CipherPtr = OpenSslPtr<EVP_CIPHER, EVP_CIPHER_free>;

  Secret current_;
  Secret previous_;
  // OpenSSL would look it up by its name for each ticket.
  CipherPtr cipher_;
};

// The keys of a server over time: given by the application, which then renews them itself, or random ones
// that are renewed once in the lifetime of a session.
class TicketKeyRing {
 public:
  // `keys`: TicketKeys::kBytes, or empty for random ones.
  TicketKeyRing(ByteView keys, Duration lifetime);

  // Null when OpenSSL has no random numbers.
  std::shared_ptr<const TicketKeys> KeysAt(TimePoint now);
  // The application's own from now on.
  void Set(ByteView keys);

 private:
  void Renew(ByteView keys);
  void RenewRandom();

  const Duration lifetime_;
  bool random_;
  std::optional<TimePoint> random_since_;
  std::shared_ptr<const TicketKeys> keys_;
};

}  // namespace native_dtls
