#include "bench/gate_benchmark.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "core/endpoint/cookie_gate.h"
#include "core/wire/byte_reader.h"
#include "core/wire/handshake_message.h"
#include "core/wire/record.h"

namespace native_dtls {

namespace {

// What the HMAC of a cookie covers: addresses, port, version, random, an empty session id.
constexpr size_t kCoveredBytes = 8 + 16 + 16 + 2 + 32;

// A hello as GnuTLS, mbedTLS and OpenSSL send it, as far as a gate looks.
Bytes WriteHello(ByteView cookie) {
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

Path PathOf(size_t number) {
  Path path;
  path.peer_port = static_cast<uint16_t>(1 + number % 0xfffe);
  PutInteger(path.peer_address.data() + 8, number, 8);
  return path;
}

// Nanoseconds a call.
template <typename Call>
double Time(size_t calls, Call call) {
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < calls; ++i) call(i);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(calls);
}

}  // namespace

GateCost MeasureGate(size_t rounds, size_t hellos) {
  CookieGate gate(Bytes(32, 7));
  Hmac hmac(Bytes(32, 7));
  const Bytes hello = WriteHello({});
  const auto first = gate.Judge(TimePoint{}, PathOf(0), hello);
  const auto* reply = std::get_if<CookieGate::Reply>(&first);
  if (reply == nullptr) return {};
  const Bytes with_cookie = WriteHello(ByteView(reply->datagram).last(kCookieBytes));

  constexpr double kNone = std::numeric_limits<double>::max();
  GateCost best{.hello = kNone, .cookie = kNone, .bare_hmac = kNone};
  size_t answered = 0, verified = 0;
  std::array<uint8_t, kCoveredBytes> covered{};
  std::array<uint8_t, Hmac::kBytes> digest;
  for (size_t round = 0; round < rounds; ++round) {
    best.hello = std::min(best.hello, Time(hellos, [&](size_t i) {
                            const auto judgement = gate.Judge(TimePoint{}, PathOf(i), hello);
                            answered += std::holds_alternative<CookieGate::Reply>(judgement) ? 1 : 0;
                          }));
    best.cookie = std::min(best.cookie, Time(hellos, [&](size_t) {
                             const auto judgement = gate.Judge(TimePoint{}, PathOf(0), with_cookie);
                             verified += std::holds_alternative<CookieGate::Verified>(judgement) ? 1 : 0;
                           }));
    best.bare_hmac = std::min(best.bare_hmac, Time(hellos, [&](size_t i) {
                                PutInteger(covered.data(), i, 8);
                                hmac.Compute({covered}, digest);
                              }));
  }
  const bool worked = answered == rounds * hellos && verified == rounds * hellos;
  return worked ? best : GateCost{};
}

}  // namespace native_dtls
