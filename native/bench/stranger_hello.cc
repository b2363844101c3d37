#include "bench/stranger_hello.h"

#include <algorithm>

#include "core/wire/byte_reader.h"
#include "core/wire/handshake_message.h"
#include "core/wire/record.h"

namespace native_dtls {

Bytes WriteStrangerHello(ByteView cookie) {
  constexpr size_t kTailBytes = 80;
  const size_t body_bytes = 2 + 32 + 1 + 1 + cookie.size() + kTailBytes;
  Bytes hello(kRecordHeaderBytes + kHandshakeHeaderBytes + body_bytes);
  uint8_t* at = PutRecordHeader(
      hello.data(), {.type = ContentType::kHandshake, .version = kDtls10, .epoch = 0, .sequence = 0},
      kHandshakeHeaderBytes + body_bytes);
  at = PutInteger(at, static_cast<uint8_t>(HandshakeType::kClientHello), 1);
  at = PutInteger(at, body_bytes, 3);
  at = PutInteger(at, cookie.empty() ? 0 : 1, 2);
  at = PutInteger(at, 0, 3);
  at = PutInteger(at, body_bytes, 3);
  at = PutInteger(at, kDtls12, 2);
  at = std::fill_n(at, 32, uint8_t{0x5a});
  at = PutInteger(at, 0, 1);
  at = PutInteger(at, cookie.size(), 1);
  std::ranges::copy(cookie, at);
  return hello;
}

}  // namespace native_dtls
