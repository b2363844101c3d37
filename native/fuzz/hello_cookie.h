// A ClientHello with the cookie that a gate wants of it, as its client would send it again.
#pragma once

#include "core/base/bytes.h"
#include "core/endpoint/cookie_gate.h"
#include "core/wire/byte_reader.h"
#include "core/wire/handshake_message.h"
#include "core/wire/record.h"

namespace native_dtls {

// `hello` is the one at the head of `datagram`; what follows it in the datagram is left out. Empty when it
// would no longer be as short as hellos must be.
inline Bytes WithCookie(ByteView datagram, const ClientHello& hello, const CookieGate::Reply& reply) {
  const auto record = TakeRecord(datagram);
  ByteView body = record->body;
  const auto fragment = TakeHandshakeFragment(body);
  const ByteView cookie = ByteView(reply.datagram).last(kCookieBytes);
  // Version, random, session and its length.
  const size_t before = 2 + 32 + 1 + hello.session_id.size();
  const size_t size = before + 1 + cookie.size() + hello.rest.size();
  const size_t message_length = fragment->message_length - fragment->body.size() + size;
  if (kHandshakeHeaderBytes + size > kMaxPlaintextBytes || message_length > kMaxClientHelloBytes) return {};
  Bytes again(kRecordHeaderBytes + kHandshakeHeaderBytes + size);
  uint8_t* at = PutRecordHeader(again.data(), record->header, kHandshakeHeaderBytes + size);
  at = PutInteger(at, static_cast<uint8_t>(fragment->type), 1);
  at = PutInteger(at, message_length, 3);
  at = PutInteger(at, fragment->message_seq, 2);
  at = PutInteger(at, fragment->offset, 3);
  at = PutInteger(at, size, 3);
  at = std::ranges::copy(fragment->body.first(before), at).out;
  at = PutInteger(at, cookie.size(), 1);
  at = std::ranges::copy(cookie, at).out;
  std::ranges::copy(hello.rest, at);
  return again;
}

}  // namespace native_dtls
