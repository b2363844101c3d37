// Stateless cookies (RFC 6347 section 4.2.1): who may have state kept for them, decided from one datagram and
// a secret.
#pragma once

#include <array>
#include <optional>
#include <variant>

#include "core/base/clock.h"
#include "core/base/path.h"
#include "core/crypto/hmac.h"
#include "core/wire/client_hello.h"

namespace native_dtls {

class CookieGate {
 public:
  // The datagram is not a ClientHello.
  struct Drop {};
  // A ClientHello without a good cookie: what to send back. Not larger than the smallest hello.
  struct Reply {
    std::array<uint8_t, kHelloVerifyRequestBytes> datagram;
    // The hello carried a cookie, and it was not good.
    bool cookie_refused;
  };
  // A ClientHello with a good cookie.
  struct Verified {
    ClientHello hello;
  };
  using Judgement = std::variant<Drop, Reply, Verified>;

  // With an empty secret a random one is made, and renewed from time to time.
  explicit CookieGate(ByteView secret);

  Judgement Judge(TimePoint now, const Path& path, ByteView datagram);

  // Cookies of the secret before stay good until the next change.
  void SetSecret(ByteView secret);

 private:
  // Long against a handshake, short against somebody who collects cookies.
  static constexpr Duration kRandomSecretLifetime = std::chrono::minutes(5);

  struct Generation {
    uint8_t number;
    Hmac hmac;
  };
  using Cookie = std::array<uint8_t, kCookieBytes>;

  void Renew(ByteView secret);
  void RenewRandom();
  static bool MakeCookie(Generation& generation, const Path& path, const ClientHello& hello, Cookie& out);
  bool IsGood(const Path& path, const ClientHello& hello);

  bool random_;
  std::optional<TimePoint> random_since_;
  std::optional<Generation> current_;
  std::optional<Generation> previous_;
};

}  // namespace native_dtls
