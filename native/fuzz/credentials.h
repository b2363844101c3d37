// What the two sides of a fuzzed handshake have: a pre-shared key, and an ECDSA certificate that they trust.
#pragma once

#include <memory>

#include "core/endpoint/endpoint.h"

namespace native_dtls {

// As the hosts of the tests' simulated network have it, so that what those have said can be read here.
inline constexpr std::string_view kPskText = "0123456789abcdef";
inline constexpr std::string_view kIdentityText = "device";
inline constexpr uint8_t kTicketKeyByte = 1;

inline ByteView BytesOfText(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Made once: reading certificates takes longer than a handshake.
std::shared_ptr<const Context> PlainContext();
std::shared_ptr<const Context> CertificateContext();

// The body of a Certificate message with it.
Bytes CertificateBody();

// With the key of the certificate: ECDSA with SHA-256 as it stands behind a ServerKeyExchange's parameters,
// algorithms and length included.
Bytes SignatureOf(ByteView data);

}  // namespace native_dtls
