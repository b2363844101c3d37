#include "bench/gate_benchmark.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "bench/stranger_hello.h"
#include "core/endpoint/cookie_gate.h"
#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

// What the HMAC of a cookie covers: addresses, port, version, random, an empty session id.
constexpr size_t kCoveredBytes = 8 + 16 + 16 + 2 + 32;

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
  const Bytes hello = WriteStrangerHello({});
  const auto first = gate.Judge(TimePoint{}, PathOf(0), hello);
  const auto* reply = std::get_if<CookieGate::Reply>(&first);
  if (reply == nullptr) return {};
  const Bytes with_cookie = WriteStrangerHello(ByteView(reply->datagram).last(kCookieBytes));

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
