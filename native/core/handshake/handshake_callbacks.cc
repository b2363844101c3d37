// Handshake's half that OpenSSL calls. None of it calls OpenSSL's state machine, leaves the core, or asks
// anybody: whatever needs an answer was asked before.
#include <openssl/rand.h>

#include "core/handshake/handshake.h"
#include "core/wire/protocol_list.h"

namespace native_dtls {

namespace {

// OpenSSL's retransmission clock, on the wall clock, is put out of the way: the longest that its type can
// say.
constexpr unsigned int kNoRetransmissionMicroseconds = 4'000'000'000u;

// A ticket is sent back in a ClientHello, and holds the client's certificate. Without one it is short.
constexpr int kMaxTicketSessionBytes = 2048;

bool FitsTicket(SSL_SESSION* session) {
  return SSL_SESSION_get0_peer(session) == nullptr ||
         i2d_SSL_SESSION(session, nullptr) <= kMaxTicketSessionBytes;
}

int AcceptCookie(SSL*, const unsigned char*, unsigned int) { return 1; }

int RefuseToMakeCookie(SSL*, unsigned char*, unsigned int*) { return 0; }

// RFC 6066 section 3: a session goes on only under the name that it was begun under.
bool IsUnderName(const SSL_SESSION* session, std::string_view name) {
  const char* known = SSL_SESSION_get0_hostname(session);
  return name == (known == nullptr ? "" : known);
}

bool Allows(const SSL* ssl, const SSL_CIPHER* cipher) {
  return sk_SSL_CIPHER_find(SSL_get_ciphers(ssl), cipher) >= 0;
}

bool HasExpired(const X509* certificate) {
  return certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0;
}

}  // namespace

void Handshake::PrepareContext(SSL_CTX* ctx) {
  // Only hellos whose cookie the gate has verified come to DTLSv1_listen.
  SSL_CTX_set_cookie_verify_cb(ctx, AcceptCookie);
  SSL_CTX_set_cookie_generate_cb(ctx, RefuseToMakeCookie);
  SSL_CTX_set_cert_verify_callback(ctx, VerifyChain, nullptr);
  ConnectionIdExtension::Install<&Handshake::ConnectionIdsOf>(ctx);
  SSL_CTX_set_tlsext_servername_callback(ctx, AcknowledgeName);
  SSL_CTX_set_alpn_select_cb(ctx, SelectProtocol, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, PrepareTicket);
  SSL_CTX_set_session_ticket_cb(ctx, CompleteTicket, JudgeTicket, nullptr);
  SSL_CTX_set_info_callback(ctx, OnInfo);
  SSL_CTX_set_msg_callback(ctx, OnMessage);
}

unsigned int Handshake::NextTimeout(SSL*, unsigned int) { return kNoRetransmissionMicroseconds; }

void Handshake::OnMessage(int sent, int, int type, const void* bytes, size_t size, SSL*, void* self) {
  if (sent == 0 && type == SSL3_RT_HANDSHAKE && self != nullptr) {
    static_cast<Handshake*>(self)->NoteMessage({static_cast<const uint8_t*>(bytes), size});
  }
}

void Handshake::OnInfo(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_ALERT) == 0) return;
  Handshake* self = Of(ssl);
  if (self == nullptr) return;
  const int alert = value & 0xff;
  if ((where & SSL_CB_READ) != 0) {
    self->alert_received_ = alert;
    self->fatal_alert_received_ = value >> 8 == static_cast<int>(AlertLevel::kFatal);
  } else {
    self->alert_sent_ = alert;
  }
}

unsigned int Handshake::GiveServerPsk(SSL* ssl, const char*, unsigned char* key, unsigned int max) {
  const Handshake* self = Of(ssl);
  const ByteView psk = self->psk_key_.view();
  if (self->psk_ != Answer::kAccepted || psk.size() > max) return 0;
  std::ranges::copy(psk, key);
  return static_cast<unsigned int>(psk.size());
}

unsigned int Handshake::GiveClientPsk(SSL* ssl, const char*, char* identity, unsigned int max_identity,
                                      unsigned char* key, unsigned int max) {
  const Handshake* self = Of(ssl);
  if (self->psk_identity_.size() >= max_identity) return 0;
  *std::ranges::copy(self->psk_identity_, identity).out = '\0';
  return GiveServerPsk(ssl, nullptr, key, max);
}

// By this OpenSSL keeps the name with the session.
int Handshake::AcknowledgeName(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

// RFC 7301 section 3.2: the server chooses, in its own order, and refuses when there is nothing in common.
int Handshake::SelectProtocol(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                              const unsigned char* in, unsigned int in_size, void*) {
  const Bytes& ours = Of(ssl)->options_.alpn_protocols;
  if (ours.empty()) return SSL_TLSEXT_ERR_NOACK;
  const auto chosen = FirstCommonProtocol(ours, ByteView(in, in_size));
  if (!chosen) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen->data();
  *out_size = static_cast<unsigned char>(chosen->size());
  return SSL_TLSEXT_ERR_OK;
}

int Handshake::PrepareTicket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                             EVP_MAC_CTX* mac, int seals) {
  const auto& keys = Of(ssl)->ticket_keys_;
  // An empty ticket, then: RFC 5077 section 3.3.
  if (!keys || (seals == 1 && !FitsTicket(SSL_get_session(ssl)))) return 0;
  return seals == 1 ? keys->PrepareSealing(name, iv, cipher, mac)
                    : keys->PrepareOpening(name, iv, cipher, mac);
}

// What a ticket holds beside the session: how long it is good for, and by which key its PSK identity was
// proved.
int Handshake::CompleteTicket(SSL* ssl, void*) {
  Handshake* self = Of(ssl);
  // One that is renewed stays what it was.
  if (self->resumed()) return 1;
  SSL_SESSION* session = SSL_get_session(ssl);
  SSL_SESSION_set_timeout(session, static_cast<long>(self->options_.session_timeout.count()));
  if (!self->SuiteUsesPsk()) return 1;
  PskFingerprint fingerprint;
  return FingerprintOf(self->psk_key_.view(), fingerprint) &&
                 SSL_SESSION_set1_ticket_appdata(session, fingerprint.data(), fingerprint.size()) == 1
             ? 1
             : 0;
}

SSL_TICKET_RETURN Handshake::JudgeTicket(SSL* ssl, SSL_SESSION* session, const unsigned char*, size_t,
                                         SSL_TICKET_STATUS status, void*) {
  const Handshake* self = Of(ssl);
  const bool readable = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
  if (!readable) return SSL_TICKET_RETURN_IGNORE_RENEW;
  const SSL_CIPHER* cipher = SSL_SESSION_get0_cipher(session);
  const CipherSuite* suite =
      cipher == nullptr ? nullptr : FindCipherSuite(SSL_CIPHER_get_protocol_id(cipher));
  // OpenSSL asks whether the client still offers the suite, and not whether this side does.
  const bool usable = suite != nullptr && Allows(ssl, cipher) && (!suite->uses_psk || self->options_.psk) &&
                      !HasExpired(SSL_SESSION_get0_peer(session)) &&
                      IsUnderName(session, self->options_.server_name);
  if (!usable) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

int Handshake::VerifyChain(X509_STORE_CTX* store, void*) {
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  return Of(ssl)->JudgeChain(store);
}

int Handshake::CollectError(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Of(ssl)->chain_.NoteError(store);
  return 1;
}

int Handshake::JudgeChain(X509_STORE_CTX* store) {
  if (chain_.collected()) {
    if (verdict_ != Answer::kRefused) return 1;
    // What is set here chooses the alert. A good chain was refused for the name that it certifies.
    const int error = chain_.first_error();
    X509_STORE_CTX_set_error(store, error != X509_V_OK ? error : X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
  }
  X509_STORE_CTX_set_verify_cb(store, CollectError);
  chain_.Collect(store);
  if (role_ == Role::kClient && !options_.verify_at_completion) SSL_set_retry_verify(ssl_.get());
  return 1;
}

}  // namespace native_dtls
