// Handshake's half that asks the application: for the key of an identity, and for a verdict on a certificate.
// Each question is put between two records, and the answer may come much later.
#include <openssl/rand.h>

#include "core/crypto/hmac.h"
#include "core/handshake/handshake.h"
#include "core/handshake/verify_error.h"

namespace native_dtls {

namespace {

// As long as a SHA-256 digest: what an unknown identity is given instead of a key.
constexpr size_t kDecoyKeyBytes = 32;

}  // namespace

void Handshake::AskPskIfDue() {
  if (state_ != State::kRunning || !psk_gate_ || psk_ != Answer::kNotAsked) return;
  if (role_ == Role::kServer) return AskServerPsk();
  // All that the server said before its ServerHelloDone has been read, the hint (if there is one) included.
  if (verdict_pending() || next_message_seq_ != *psk_gate_) return;
  if (!SuiteUsesPsk()) return OpenPskGate(Answer::kAccepted);
  psk_ = Answer::kAsked;
  const char* hint = SSL_get_psk_identity_hint(ssl_.get());
  const std::string_view text = hint == nullptr ? "" : hint;
  outbox_->AddPskQuestion(handle_, {reinterpret_cast<const uint8_t*>(text.data()), text.size()},
                          hint != nullptr);
}

void Handshake::AskServerPsk() {
  const auto identity = identity_reader_.identity();
  if (!identity) return;
  // OpenSSL hands identities on as C strings: what follows a NUL would be lost, and with it who the peer is.
  if (identity_reader_.too_long() || std::ranges::find(*identity, 0) != identity->end()) {
    return Refuse(ErrorKind::kPskIdentityInvalid, Alert::kIllegalParameter);
  }
  psk_ = Answer::kAsked;
  psk_identity_.assign(identity->begin(), identity->end());
  outbox_->AddPskQuestion(handle_, *identity, true);
}

void Handshake::AnswerPsk(TimePoint now, ByteView identity, std::optional<ByteView> key) {
  if (psk_ != Answer::kAsked || state_ != State::kRunning) return;
  if (resumed()) return AnswerPskAgain(now, key);
  if (role_ == Role::kClient) psk_identity_.assign(identity.begin(), identity.end());
  if (key && !key->empty()) {
    psk_key_ = Secret(*key);
    OpenPskGate(Answer::kAccepted);
  } else if (role_ == Role::kServer && !options_.reveal_unknown_identity) {
    // From outside an unknown identity and a wrong key look the same.
    psk_key_ = Secret(kDecoyKeyBytes);
    if (RAND_bytes(psk_key_.data(), kDecoyKeyBytes) != 1) return Fail(ErrorKind::kInternal);
    OpenPskGate(Answer::kAccepted);
  } else {
    OpenPskGate(Answer::kRefused);
  }
  ReleaseHeld();
  flights_.SendCollected(now, records());
}

void Handshake::OpenPskGate(Answer answer) {
  psk_ = answer;
  progressed_ = true;
}

// The identity of a session that goes on: is it still known, and by the same key?
void Handshake::AskPskAgain() {
  const char* identity = SSL_get_psk_identity(ssl_.get());
  psk_identity_ = identity == nullptr ? "" : identity;
  psk_ = Answer::kAsked;
  outbox_->AddPskQuestion(
      handle_, {reinterpret_cast<const uint8_t*>(psk_identity_.data()), psk_identity_.size()}, true);
}

void Handshake::AnswerPskAgain(TimePoint now, std::optional<ByteView> key) {
  psk_key_ = Secret(key.value_or(ByteView()));
  // An identity that is gone and one with a new key look the same from outside.
  if (psk_key_.empty() || !SessionHasSamePsk()) {
    psk_ = Answer::kRefused;
    return Refuse(psk_key_.empty() ? ErrorKind::kPskRefused : ErrorKind::kSessionRefused,
                  Alert::kHandshakeFailure);
  }
  OpenPskGate(Answer::kAccepted);
  ReleaseHeld();
  flights_.SendCollected(now, records());
}

bool Handshake::SessionHasSamePsk() const {
  void* bytes = nullptr;
  size_t size = 0;
  PskFingerprint fingerprint;
  return SSL_SESSION_get0_ticket_appdata(SSL_get_session(ssl_.get()), &bytes, &size) == 1 &&
         size == fingerprint.size() && FingerprintOf(psk_key_.view(), fingerprint) &&
         CRYPTO_memcmp(bytes, fingerprint.data(), size) == 0;
}

// HMAC-SHA-256 under the key itself: nothing of it can be found out from a ticket.
bool Handshake::FingerprintOf(ByteView psk, PskFingerprint& out) {
  constexpr std::string_view kLabel = "native-dtls ticket";
  return Hmac(psk).Compute({ByteView(reinterpret_cast<const uint8_t*>(kLabel.data()), kLabel.size())}, out);
}

// What the application must agree to before the peer's Finished is read. A session that goes on was agreed to
// once: today the key of its identity may be another one, and its certificate may have expired.
bool Handshake::AskBeforeFinished() {
  if (SuiteUsesPsk()) {
    if (role_ == Role::kClient || !resumed() || psk_ != Answer::kNotAsked) return false;
    AskPskAgain();
    return true;
  }
  const bool judges =
      role_ == Role::kServer ? options_.request_certificate : resumed() && !options_.verify_at_completion;
  if (!judges || verdict_ != Answer::kNotAsked) return false;
  if (resumed()) CollectResumedChain();
  AskCertificate();
  return true;
}

void Handshake::CollectResumedChain() {
  if (role_ == Role::kClient) return chain_.CollectAgain(ssl_.get(), offered_chain_, CollectError);
  chain_.Adopt(SSL_get0_peer_certificate(ssl_.get()), SSL_get_verify_result(ssl_.get()));
}

void Handshake::AskCertificate() {
  verdict_ = Answer::kAsked;
  outbox_->AddCertificateQuestion(handle_, chain_.Question());
}

void Handshake::AnswerCertificate(TimePoint now, bool accept) {
  if (!verdict_pending()) return;
  verdict_ = accept ? Answer::kAccepted : Answer::kRefused;
  progressed_ = true;
  if (state_ == State::kAwaitingVerdict) {
    if (!accept) return Refuse(ErrorKind::kCertificateRefused, AlertForVerifyError(chain_.first_error()));
    state_ = State::kComplete;
    return;
  }
  if (role_ == Role::kServer && !accept) {
    const bool none = chain_.chain().empty();
    return Refuse(ErrorKind::kCertificateRefused,
                  none ? Alert::kHandshakeFailure : AlertForVerifyError(chain_.first_error()));
  }
  if (role_ == Role::kClient && !accept && resumed()) {
    return Refuse(ErrorKind::kCertificateRefused, AlertForVerifyError(chain_.first_error()));
  }
  if (role_ == Role::kClient) Advance();
  ReleaseHeld();
  flights_.SendCollected(now, records());
}

}  // namespace native_dtls
