// Handshake message fragments (RFC 6347 section 4.2.2).
#pragma once

#include <optional>

#include "core/base/bytes.h"

namespace native_dtls {

enum class HandshakeType : uint8_t {
  kHelloRequest = 0,
  kClientHello = 1,
  kServerHello = 2,
  kHelloVerifyRequest = 3,
  kNewSessionTicket = 4,
  kCertificate = 11,
  kServerKeyExchange = 12,
  kCertificateRequest = 13,
  kServerHelloDone = 14,
  kCertificateVerify = 15,
  kClientKeyExchange = 16,
  kFinished = 20,
  kCertificateStatus = 22,
};

// Whether a client, or a server, can be sent a message of this type in the clear.
bool IsForClients(HandshakeType type);
bool IsForServers(HandshakeType type);

inline constexpr size_t kHandshakeHeaderBytes = 12;

struct HandshakeFragment {
  HandshakeType type;
  uint32_t message_length;
  uint16_t message_seq;
  uint32_t offset;
  ByteView body;
  // Header and body.
  ByteView whole;

  bool is_whole_message() const { return offset == 0 && body.size() == message_length; }
};

// Takes the first fragment off `body`, the plaintext of a handshake record. Nothing when what is left is not
// a fragment that lies inside its message; then nothing more can be read from this record.
std::optional<HandshakeFragment> TakeHandshakeFragment(ByteView& body);

}  // namespace native_dtls
