#include "core/handshake/session_ticket.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "core/crypto/error_queue.h"

namespace native_dtls {

namespace {

// What OpenSSL's callback returns.
constexpr int kFailed = -1;
constexpr int kUnknownKey = 0;
constexpr int kReady = 1;
constexpr int kReadyButRenew = 2;

constexpr size_t kNameBytes = 16;
constexpr size_t kMacKeyBytes = 16;
constexpr int kIvBytes = 16;

bool Prepare(ByteView keys, const EVP_CIPHER* algorithm, const uint8_t* iv, EVP_CIPHER_CTX* cipher,
             EVP_MAC_CTX* mac, bool seals) {
  const ByteView mac_key = keys.subspan(kNameBytes, kMacKeyBytes);
  const ByteView cipher_key = keys.subspan(kNameBytes + kMacKeyBytes);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<uint8_t*>(mac_key.data()),
                                        mac_key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
         EVP_CipherInit_ex(cipher, algorithm, nullptr, cipher_key.data(), iv, seals) == 1;
}

bool Names(ByteView keys, const uint8_t* name) {
  return !keys.empty() && SameBytes(keys.first(kNameBytes), ByteView(name, kNameBytes));
}

}  // namespace

TicketKeys::TicketKeys(ByteView current, ByteView previous)
    : current_(current), previous_(previous), cipher_(EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr)) {}

int TicketKeys::PrepareSealing(uint8_t* name, uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const {
  if (RAND_bytes(iv, kIvBytes) != 1 || !Prepare(current(), cipher_.get(), iv, cipher, mac, true))
    return kFailed;
  std::ranges::copy(current().first(kNameBytes), name);
  return kReady;
}

int TicketKeys::PrepareOpening(const uint8_t* name, const uint8_t* iv, EVP_CIPHER_CTX* cipher,
                               EVP_MAC_CTX* mac) const {
  const bool is_current = Names(current(), name);
  if (!is_current && !Names(previous_.view(), name)) return kUnknownKey;
  const ByteView keys = is_current ? current() : previous_.view();
  if (!Prepare(keys, cipher_.get(), iv, cipher, mac, false)) return kFailed;
  return is_current ? kReady : kReadyButRenew;
}

TicketKeyRing::TicketKeyRing(ByteView keys, Duration lifetime) : lifetime_(lifetime), random_(keys.empty()) {
  if (random_) {
    RenewRandom();
  } else {
    Renew(keys);
  }
}

std::shared_ptr<const TicketKeys> TicketKeyRing::KeysAt(TimePoint now) {
  if (random_ && lifetime_ > Duration::zero()) {
    if (!random_since_) random_since_ = now;
    if (now - *random_since_ >= lifetime_) {
      RenewRandom();
      random_since_ = now;
    }
  }
  return keys_;
}

void TicketKeyRing::Set(ByteView keys) {
  random_ = false;
  Renew(keys);
}

void TicketKeyRing::Renew(ByteView keys) {
  keys_ = std::make_shared<const TicketKeys>(keys, keys_ ? keys_->current() : ByteView());
}

void TicketKeyRing::RenewRandom() {
  const ErrorQueueScope errors;
  Secret keys(TicketKeys::kBytes);
  if (RAND_bytes(keys.data(), TicketKeys::kBytes) == 1) Renew(keys.view());
}

}  // namespace native_dtls
