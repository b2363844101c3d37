// What the core has to tell: plain records that name an association and say what happened to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/handle.h"
#include "core/base/path.h"

namespace native_dtls {

// Symbol, then the name under which the binding exports it.
#define NATIVE_DTLS_EVENT_KINDS(X)               \
  X(kAnswered, "answered")                       \
  X(kHelloReceived, "helloReceived")             \
  X(kPskRequired, "pskRequired")                 \
  X(kCertificateReceived, "certificateReceived") \
  X(kEstablished, "established")                 \
  X(kRetransmitted, "retransmitted")             \
  X(kAddressChanged, "addressChanged")           \
  X(kConnectionIdTaken, "connectionIdTaken")     \
  X(kConnectionIdMissing, "connectionIdMissing") \
  X(kKeyLimit, "keyLimit")                       \
  X(kIdle, "idle")                               \
  X(kClosed, "closed")                           \
  X(kFailed, "failed")

#define NATIVE_DTLS_CLOSE_REASONS(X) \
  X(kLocal, "local")                 \
  X(kRemote, "remote")               \
  X(kIdle, "idle")                   \
  X(kSuperseded, "superseded")       \
  X(kExported, "exported")

// Which limit a key has reached (core/crypto/key_limits.h).
#define NATIVE_DTLS_KEY_LIMITS(X) \
  X(kSealed, "sealed")            \
  X(kForged, "forged")

#define NATIVE_DTLS_ERROR_KINDS(X)                   \
  X(kHandshakeTimeout, "handshakeTimeout")           \
  X(kAlertReceived, "alertReceived")                 \
  X(kHandshakeFailed, "handshakeFailed")             \
  X(kHelloRefused, "helloRefused")                   \
  X(kPskRefused, "pskRefused")                       \
  X(kPskIdentityInvalid, "pskIdentityInvalid")       \
  X(kSessionRefused, "sessionRefused")               \
  X(kCertificateRefused, "certificateRefused")       \
  X(kInternal, "internal")                           \
  X(kCertificateUnreadable, "certificateUnreadable") \
  X(kKeyUnreadable, "keyUnreadable")                 \
  X(kKeyPassphraseWrong, "keyPassphraseWrong")       \
  X(kKeyMismatch, "keyMismatch")                     \
  X(kAuthorityUnreadable, "authorityUnreadable")     \
  X(kCipherUnknown, "cipherUnknown")                 \
  X(kCipherNotSupported, "cipherNotSupported")

// Why saved associations were not restored. "Damaged": shorter or other than what was saved; a wrong key and
// a flipped bit look the same.
#define NATIVE_DTLS_RESTORE_ERRORS(X)                    \
  X(kDamaged, "damaged")                                 \
  X(kWrongVersion, "wrongVersion")                       \
  X(kExpired, "expired")                                 \
  X(kRestoredBefore, "restoredBefore")                   \
  X(kWrongRole, "wrongRole")                             \
  X(kConnectionIdInUse, "connectionIdInUse")             \
  X(kWrongConnectionIdLength, "wrongConnectionIdLength") \
  X(kAddressInUse, "addressInUse")                       \
  X(kNoRoom, "noRoom")

#define NATIVE_DTLS_ENUMERATE(symbol, name) symbol,
enum class RestoreError : uint32_t { NATIVE_DTLS_RESTORE_ERRORS(NATIVE_DTLS_ENUMERATE) };
enum class EventKind : uint32_t { NATIVE_DTLS_EVENT_KINDS(NATIVE_DTLS_ENUMERATE) };
enum class CloseReason : uint32_t { NATIVE_DTLS_CLOSE_REASONS(NATIVE_DTLS_ENUMERATE) };
enum class KeyLimit : uint32_t { NATIVE_DTLS_KEY_LIMITS(NATIVE_DTLS_ENUMERATE) };
enum class ErrorKind : uint32_t { NATIVE_DTLS_ERROR_KINDS(NATIVE_DTLS_ENUMERATE) };
#undef NATIVE_DTLS_ENUMERATE

// Why an association failed; the detail of a kFailed event.
struct Failure {
  ErrorKind kind = ErrorKind::kInternal;
  int alert = -1;
  double elapsed_ms = 0;
  bool wrong_key_likely = false;
  std::string verify_error{};
  std::vector<std::string> openssl_errors{};
};

// What a client asks a server for; the detail of a kHelloReceived event.
struct HelloQuestion {
  // Empty for none.
  std::string server_name;
  // As in the extension (RFC 7301 section 3.1); empty for none.
  Bytes alpn_protocols;
};

// The peer's certificate chain and what OpenSSL found wrong with it; the detail of a kCertificateReceived
// event.
struct CertificateQuestion {
  struct Error {
    std::string name;
    int depth;
  };
  // DER, as sent, leaf first.
  std::vector<Bytes> chain;
  std::vector<Error> errors;
};

struct Event {
  EventKind kind;
  Handle handle;
  uint32_t detail = 0;
  // Bytes in the outbox that belong to the event: a message, a PSK identity or hint.
  bool has_bytes = false;
  size_t offset = 0;
  size_t size = 0;
  std::unique_ptr<Failure> failure{};
  std::unique_ptr<CertificateQuestion> question{};
  std::unique_ptr<HelloQuestion> hello{};
  // Of one that is about no association: whom it is about.
  std::unique_ptr<Path> peer{};
};

}  // namespace native_dtls
