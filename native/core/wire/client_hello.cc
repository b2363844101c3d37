#include "core/wire/client_hello.h"

#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

constexpr size_t kRandomBytes = 32;
constexpr size_t kMaxSessionIdBytes = 32;
constexpr size_t kHelloVerifyBodyBytes = 2 + 1 + kCookieBytes;

constexpr uint16_t kServerNameExtension = 0;
constexpr uint64_t kHostName = 0;
constexpr uint16_t kAlpnExtension = 16;
constexpr size_t kMaxNameBytes = 255;

bool IsPrintable(uint8_t byte) { return byte > ' ' && byte < 0x7f; }

}  // namespace

std::optional<ClientHello> ParseClientHello(ByteView datagram) {
  const auto record = TakeRecord(datagram);
  if (!record || record->header.type != ContentType::kHandshake || record->header.epoch != 0 ||
      (record->header.version != kDtls10 && record->header.version != kDtls12) ||
      record->body.size() > kMaxPlaintextBytes) {
    return std::nullopt;
  }
  ByteView body = record->body;
  const auto fragment = TakeHandshakeFragment(body);
  // message_seq is 0 in a first hello and 1 in the one that brings the cookie back.
  if (!fragment || fragment->type != HandshakeType::kClientHello || fragment->offset != 0 ||
      fragment->message_seq > 1 || fragment->message_length > kMaxClientHelloBytes) {
    return std::nullopt;
  }
  ByteReader reader(fragment->body);
  ClientHello hello;
  hello.record_sequence = record->header.sequence;
  hello.message_seq = fragment->message_seq;
  hello.client_version = reader.Take(2);
  hello.random = reader.Take(kRandomBytes);
  hello.session_id = reader.Vector(1);
  hello.cookie = reader.Vector(1);
  if (!reader.ok() || hello.client_version[0] != 0xfe || hello.session_id.size() > kMaxSessionIdBytes) {
    return std::nullopt;
  }
  hello.rest = reader.rest();
  hello.message_length = fragment->message_length;
  hello.whole = fragment->body.size() == fragment->message_length;
  return hello;
}

std::optional<ByteView> ClientHello::Extension(uint16_t type) const {
  ByteReader reader(rest);
  reader.Vector(2);  // Cipher suites.
  reader.Vector(1);  // Compression methods.
  ByteReader extensions(reader.Vector(2));
  while (reader.ok() && extensions.ok() && !extensions.rest().empty()) {
    const uint64_t found = extensions.Integer(2);
    const ByteView data = extensions.Vector(2);
    if (extensions.ok() && found == type) return data;
  }
  return std::nullopt;
}

// There is one name of each kind at the most, and no kind but this. Names of other bytes are nobody's.
ByteView ClientHello::ServerName() const {
  ByteReader extension(Extension(kServerNameExtension).value_or(ByteView()));
  ByteReader names(extension.Vector(2));
  const bool is_host_name = names.Integer(1) == kHostName;
  const ByteView name = names.Vector(2);
  const bool well_formed = is_host_name && names.ok() && names.rest().empty() && extension.rest().empty();
  return well_formed && name.size() <= kMaxNameBytes && std::ranges::all_of(name, IsPrintable) ? name
                                                                                               : ByteView();
}

ByteView ClientHello::AlpnProtocols() const {
  ByteReader extension(Extension(kAlpnExtension).value_or(ByteView()));
  const ByteView protocols = extension.Vector(2);
  return extension.ok() && extension.rest().empty() ? protocols : ByteView();
}

void WriteHelloVerifyRequest(std::span<uint8_t, kHelloVerifyRequestBytes> out, const ClientHello& hello,
                             std::span<const uint8_t, kCookieBytes> cookie) {
  uint8_t* at = PutRecordHeader(
      out.data(),
      {.type = ContentType::kHandshake, .version = kDtls10, .epoch = 0, .sequence = hello.record_sequence},
      kHandshakeHeaderBytes + kHelloVerifyBodyBytes);
  at = PutInteger(at, static_cast<uint8_t>(HandshakeType::kHelloVerifyRequest), 1);
  at = PutInteger(at, kHelloVerifyBodyBytes, 3);
  at = PutInteger(at, 0, 2);
  at = PutInteger(at, 0, 3);
  at = PutInteger(at, kHelloVerifyBodyBytes, 3);
  at = PutInteger(at, kDtls10, 2);
  at = PutInteger(at, kCookieBytes, 1);
  std::ranges::copy(cookie, at);
}

}  // namespace native_dtls
