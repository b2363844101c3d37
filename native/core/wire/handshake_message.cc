#include "core/wire/handshake_message.h"

#include "core/wire/byte_reader.h"

namespace native_dtls {

bool IsForClients(HandshakeType type) {
  switch (type) {
    case HandshakeType::kServerHello:
    case HandshakeType::kHelloVerifyRequest:
    case HandshakeType::kNewSessionTicket:
    case HandshakeType::kCertificate:
    case HandshakeType::kServerKeyExchange:
    case HandshakeType::kCertificateRequest:
    case HandshakeType::kServerHelloDone:
    case HandshakeType::kCertificateStatus:
      return true;
    default:
      return false;
  }
}

bool IsForServers(HandshakeType type) {
  switch (type) {
    case HandshakeType::kClientHello:
    case HandshakeType::kCertificate:
    case HandshakeType::kCertificateVerify:
    case HandshakeType::kClientKeyExchange:
      return true;
    default:
      return false;
  }
}

std::optional<HandshakeFragment> TakeHandshakeFragment(ByteView& body) {
  ByteReader reader(body);
  HandshakeFragment fragment;
  fragment.type = static_cast<HandshakeType>(reader.Integer(1));
  fragment.message_length = static_cast<uint32_t>(reader.Integer(3));
  fragment.message_seq = static_cast<uint16_t>(reader.Integer(2));
  fragment.offset = static_cast<uint32_t>(reader.Integer(3));
  fragment.body = reader.Vector(3);
  if (!reader.ok()) return std::nullopt;
  if (fragment.offset + fragment.body.size() > fragment.message_length) return std::nullopt;
  fragment.whole = body.first(kHandshakeHeaderBytes + fragment.body.size());
  body = reader.rest();
  return fragment;
}

}  // namespace native_dtls
