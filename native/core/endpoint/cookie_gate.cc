#include "core/endpoint/cookie_gate.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <string_view>

#include "core/crypto/error_queue.h"
#include "core/crypto/secret.h"
#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

constexpr size_t kSecretBytes = 32;

}  // namespace

CookieGate::CookieGate(ByteView secret) : random_(secret.empty()) {
  const ErrorQueueScope errors;
  if (random_) {
    RenewRandom();
  } else {
    Renew(secret);
  }
}

void CookieGate::SetSecret(ByteView secret) {
  const ErrorQueueScope errors;
  random_ = false;
  Renew(secret);
}

void CookieGate::Renew(ByteView secret) {
  Generation generation{0, Hmac(secret)};
  // From the secret alone, so that all who share one agree on its number.
  std::array<uint8_t, Hmac::kBytes> digest;
  constexpr std::string_view kLabel = "generation";
  if (!generation.hmac.Compute({ByteView(reinterpret_cast<const uint8_t*>(kLabel.data()), kLabel.size())},
                               digest)) {
    return;
  }
  generation.number = digest[0];
  previous_ = std::move(current_);
  current_.emplace(std::move(generation));
}

void CookieGate::RenewRandom() {
  Secret secret(kSecretBytes);
  if (RAND_bytes(secret.data(), kSecretBytes) == 1) Renew(secret.view());
}

CookieGate::Judgement CookieGate::Judge(TimePoint now, const Path& path, ByteView datagram) {
  const auto hello = ParseClientHello(datagram);
  if (!hello) return Drop{};
  const ErrorQueueScope errors;
  if (random_) {
    if (!random_since_) random_since_ = now;
    if (now - *random_since_ >= kRandomSecretLifetime) {
      RenewRandom();
      random_since_ = now;
    }
  }
  if (IsGood(path, *hello)) return Verified{*hello};
  Cookie cookie;
  if (!current_ || !MakeCookie(*current_, path, *hello, cookie)) return Drop{};
  Reply reply;
  reply.cookie_refused = !hello->cookie.empty();
  WriteHelloVerifyRequest(reply.datagram, *hello, cookie);
  return reply;
}

// The first byte names the secret, so that nearly always one HMAC decides.
bool CookieGate::IsGood(const Path& path, const ClientHello& hello) {
  if (hello.cookie.size() != kCookieBytes) return false;
  for (auto* generation : {&current_, &previous_}) {
    if (!*generation || (*generation)->number != hello.cookie[0]) continue;
    Cookie expected;
    if (MakeCookie(**generation, path, hello, expected) &&
        CRYPTO_memcmp(expected.data(), hello.cookie.data(), kCookieBytes) == 0) {
      return true;
    }
  }
  return false;
}

// Bound to the peer and to all of the hello that lies before the cookie; what lies behind it may be cut off
// in a fragment.
bool CookieGate::MakeCookie(Generation& generation, const Path& path, const ClientHello& hello, Cookie& out) {
  // In one piece: each update of an HMAC costs as much as dozens of bytes in it.
  std::array<uint8_t, 1 + 4 + 2 + 1 + 16 + 16 + 2 + 32 + 32> covered;
  uint8_t* at = PutInteger(covered.data(), generation.number, 1);
  at = PutInteger(at, path.scope_id, 4);
  at = PutInteger(at, path.peer_port, 2);
  at = PutInteger(at, hello.session_id.size(), 1);
  at = std::ranges::copy(path.peer_address, at).out;
  at = std::ranges::copy(path.local_address, at).out;
  at = std::ranges::copy(hello.client_version, at).out;
  at = std::ranges::copy(hello.random, at).out;
  at = std::ranges::copy(hello.session_id, at).out;
  std::array<uint8_t, Hmac::kBytes> digest;
  if (!generation.hmac.Compute({ByteView(covered.data(), at)}, digest)) return false;
  out[0] = generation.number;
  std::copy_n(digest.data(), kCookieBytes - 1, out.data() + 1);
  return true;
}

}  // namespace native_dtls
