// The part of a ClientHello that a stateless server reads: all that lies before and in the cookie field
// (RFC 6347 section 4.2.1).
#pragma once

#include <optional>

#include "core/base/bytes.h"
#include "core/wire/handshake_message.h"
#include "core/wire/record.h"

namespace native_dtls {

struct ClientHello {
  uint64_t record_sequence;
  uint16_t message_seq;
  uint32_t message_length;
  ByteView client_version;
  ByteView random;
  ByteView session_id;
  ByteView cookie;
  // What lies behind the cookie, as far as it is in this fragment.
  ByteView rest;
  // The fragment is the whole message.
  bool whole;

  // The data of an extension, as far as it is in this fragment.
  std::optional<ByteView> Extension(uint16_t type) const;
  // False when the client does not send the extension. Where the message ends in another fragment that cannot
  // be known.
  bool MayHaveExtension(uint16_t type) const { return !whole || Extension(type); }
  // The host_name of the server_name extension (RFC 6066 section 3): printable ASCII, 1 to 255 bytes. Empty
  // without one, and where the extension is malformed.
  ByteView ServerName() const;
  // The protocols of the ALPN extension (RFC 7301 section 3.1), as they stand in it; empty without one.
  ByteView AlpnProtocols() const;
};

// The longest ClientHello that one record can hold, which is as much as OpenSSL reads.
inline constexpr uint32_t kMaxClientHelloBytes = kMaxPlaintextBytes - kHandshakeHeaderBytes;

// Reads the ClientHello at the head of a datagram. A fragment will do if it reaches through the cookie.
// Nothing when the datagram does not begin with one, or it is longer than kMaxClientHelloBytes.
std::optional<ClientHello> ParseClientHello(ByteView datagram);

inline constexpr size_t kCookieBytes = 32;
inline constexpr size_t kHelloVerifyRequestBytes = 13 + 12 + 2 + 1 + kCookieBytes;

// Writes the HelloVerifyRequest that answers `hello`: it repeats the record's sequence number, and its
// version is DTLS 1.0 whatever will be negotiated, as the RFC advises.
void WriteHelloVerifyRequest(std::span<uint8_t, kHelloVerifyRequestBytes> out, const ClientHello& hello,
                             std::span<const uint8_t, kCookieBytes> cookie);

}  // namespace native_dtls
