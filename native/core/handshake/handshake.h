// One SSL object from the first flight to the last: the heavy, short part of an association's life.
//
// Records come in one by one through the filter. Where the application has a say (the key of a PSK identity,
// a verdict on a certificate), the record that would make OpenSSL ask is held, the question goes to the
// outbox, and the handshake goes on with the answer: nothing is ever asked from inside OpenSSL.
//
// OpenSSL never sends a datagram: what it writes is taken apart into the records of a flight, which is kept,
// sent, and sent again by our own clock (RFC 6347 section 4.2.4). Its protected records never leave the
// process: they are opened and sealed again with our numbers, and those of the peer the other way round.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/counters.h"
#include "core/base/outbox.h"
#include "core/crypto/cipher_suite.h"
#include "core/crypto/datagram_bio.h"
#include "core/crypto/hmac.h"
#include "core/crypto/key_schedule.h"
#include "core/crypto/secret.h"
#include "core/handshake/chain_verdict.h"
#include "core/handshake/client_session.h"
#include "core/handshake/connection_id_extension.h"
#include "core/handshake/context.h"
#include "core/handshake/filter.h"
#include "core/handshake/flight_keeper.h"
#include "core/handshake/held_records.h"
#include "core/handshake/psk_identity_reader.h"
#include "core/handshake/role.h"
#include "core/handshake/session_ticket.h"
#include "core/wire/alert.h"
#include "core/wire/handshake_message.h"
#include "core/wire/record.h"

namespace native_dtls {

struct HandshakeOptions {
  size_t mtu_bytes = 1200;
  Duration retransmit_timeout = std::chrono::seconds(1);
  Duration retransmit_timeout_max = std::chrono::seconds(8);
  // PSK suites are offered or accepted.
  bool psk = false;
  // Client: certificate suites are offered as well.
  bool certificates = true;
  // The server_name extension: what a client asks for, and what a server was asked for; empty for none.
  std::string server_name;
  // Server: sent with the PSK key exchange; empty for none.
  std::string psk_identity_hint;
  // Server: ask the client for a certificate.
  bool request_certificate = false;
  // Server: an unknown identity is refused by alert; otherwise it looks like a wrong key.
  bool reveal_unknown_identity = false;
  // Client: the verdict on the server's certificate is asked for when the handshake is otherwise complete.
  bool verify_at_completion = false;
  // Application protocols (RFC 7301) as they stand in the extension, best first; empty: the extension is not
  // used.
  Bytes alpn_protocols;
  // Server: how long a session can be resumed by its ticket; zero: no tickets are given out.
  std::chrono::seconds session_timeout{0};
  // RFC 9146: how long a Connection ID this side wants to find in the records it receives; 0 for none, but
  // the peer may have one. Nothing: the extension is not used.
  std::optional<size_t> connection_id_bytes;
  // RFC 9853, where Connection IDs are used: new addresses are checked, and this side's may be.
  bool return_routability = false;
  // Longer handshake messages are dropped; those that are not certificates also above
  // kMaxHandshakeMessageBytes.
  size_t max_message_bytes = kMaxHandshakeMessageBytes;
};

class Handshake {
 public:
  enum class State {
    kRunning,
    // Finished on the wire; only the verdict on the certificate is missing (verify_at_completion).
    kAwaitingVerdict,
    kComplete,
    kFailed,
  };

  // What an association keeps of its handshake.
  struct Result {
    const CipherSuite* suite;
    std::string server_name;
    std::string psk_identity;
    std::vector<Bytes> peer_certificates;
    // What the peer can take in one record: RFC 6066 section 4, or the protocol's own bound.
    size_t max_plaintext_bytes;
    // Empty when none was agreed on.
    std::string alpn_protocol;
    bool session_reused;
    SessionSecrets secrets;
    // Client: with what the session is resumed (WriteClientSession); empty when it cannot be.
    Secret client_session;
    Records records;
    RecordSender sender;
    // What the peer may ask for again: it cannot know whether this side was the last to speak.
    SentFlight last_flight;
    // Protected records that arrived before the handshake was complete, in order, and messages out of such.
    std::vector<Bytes> early_records;
    std::vector<Bytes> early_messages;
  };

  // `outbox`, `counters` and `pool` must outlive the object. `connection_id`: what this side wants to find in
  // the records it receives, empty for nothing; none at all when the extension is not to be used.
  Handshake(Role role, std::shared_ptr<const Context> context, const HandshakeOptions& options, Handle handle,
            Outbox* outbox, Counters* counters, AeadPool* pool, std::optional<Bytes> connection_id);
  ~Handshake();
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  // Client: sends the first flight. `session`: what WriteClientSession has made, to be resumed if the server
  // agrees; empty for none.
  void Start(TimePoint now, ByteView session);
  // Server: begins with a ClientHello, one record that holds all of it, whose cookie has verified, or that
  // needs none. Without `ticket_keys` no session is resumed and no ticket given out.
  void Accept(TimePoint now, ByteView hello, bool cookie_verified,
              std::shared_ptr<const TicketKeys> ticket_keys);
  void Receive(TimePoint now, ByteView datagram);
  // Sends the current flight again if its time has come.
  void HandleTimeout(TimePoint now);
  void AnswerPsk(TimePoint now, ByteView identity, std::optional<ByteView> key);
  void AnswerCertificate(TimePoint now, bool accept);
  // Tells the peer that this handshake will not be completed, if anything has been said to it at all.
  void Cancel();

  // The peer seems to be gone: an alert that is suspected is believed now.
  void BelieveAlert() {
    if (suspect_alert_ && state_ == State::kRunning) Fail(ErrorKind::kAlertReceived);
  }

  // Nothing is sent again by our clock until something is received.
  void Pause() { paused_ = true; }

  bool suspects_alert() const { return suspect_alert_.has_value(); }

  State state() const { return state_; }
  // When HandleTimeout is due; kNever for never.
  TimePoint deadline() const;
  // What is known of a failure; `kind` of one that the caller decided (a deadline).
  Failure TakeFailure();
  Failure Diagnose(ErrorKind kind) const;
  // Of a complete handshake, once: nothing of the SSL object is needed any more.
  Result TakeResult();

  // Installs on a context what every handshake needs of it.
  static void PrepareContext(SSL_CTX* ctx);

 private:
  enum class Answer { kNotAsked, kAsked, kAccepted, kRefused };
  enum class Disposition { kFeed, kHold };

  void Configure();
  bool UseSession(ByteView session);
  void UseTickets(std::shared_ptr<const TicketKeys> keys);
  void ProcessRecord(const Record& record);
  void ProcessPlaintextHandshake(const Record& record);
  size_t MaxBytesOf(HandshakeType type) const;
  bool CanBeDue(const HandshakeFragment& fragment) const;
  Disposition Dispose(const HandshakeFragment& fragment);
  bool ClosesPskGate(const HandshakeFragment& fragment) const;
  void ProcessProtected(const Record& record);
  void Hold(ByteView record);
  void HoldPlaintext(const RecordHeader& header, ByteView body);
  void KeepEarlyMessage(ByteView message);
  void ReleaseHeld();
  void Feed(ByteView record);
  void FeedRenumbered(const RecordHeader& header, ByteView body);
  void FeedProtected(const Record& record);
  void Advance();
  void CollectWritten();
  void Collect(const Record& record);
  void NoteRetransmission();
  void SuspectAlert(ByteView alert);
  void NotePeerRepeatsItself(const HandshakeFragment& fragment);
  bool EnsureRecords();
  ErrorKind ClassifyFailure(int ssl_error) const;
  bool ExpectsChangeCipherSpec() const;
  const CipherSuite* PendingSuite() const;
  bool SuiteUsesPsk() const;
  // OpenSSL goes on with an earlier session. Known once a hello has been read.
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  bool AskBeforeFinished();
  void CollectResumedChain();
  void AskPskIfDue();
  void AskServerPsk();
  void AskPskAgain();
  void AnswerPskAgain(TimePoint now, std::optional<ByteView> key);
  bool SessionHasSamePsk() const;
  using PskFingerprint = std::array<uint8_t, Hmac::kBytes>;
  static bool FingerprintOf(ByteView psk, PskFingerprint& out);
  void OpenPskGate(Answer answer);
  void AskCertificate();
  void Complete();
  void Fail(ErrorKind kind);
  void Refuse(ErrorKind kind, Alert alert);
  void SendAlert(AlertLevel level, Alert alert);
  void NoteMessage(ByteView message);
  bool psk_gate_closed() const { return psk_gate_ && (psk_ == Answer::kNotAsked || psk_ == Answer::kAsked); }
  // Null until the keys are there.
  Records* records() { return records_ ? &*records_ : nullptr; }
  bool verdict_pending() const { return verdict_ == Answer::kAsked; }
  bool waits_for_answer() const { return verdict_pending() || psk_ == Answer::kAsked; }

  static Handshake* Of(const SSL* ssl) { return static_cast<Handshake*>(SSL_get_app_data(ssl)); }

  // What OpenSSL calls. None of it calls OpenSSL's state machine or leaves the core.
  static unsigned int NextTimeout(SSL* ssl, unsigned int microseconds);
  static void OnMessage(int sent, int version, int type, const void* bytes, size_t size, SSL* ssl,
                        void* self);
  static void OnInfo(const SSL* ssl, int where, int value);
  static unsigned int GiveServerPsk(SSL* ssl, const char* identity, unsigned char* key, unsigned int max);
  static unsigned int GiveClientPsk(SSL* ssl, const char* hint, char* identity, unsigned int max_identity,
                                    unsigned char* key, unsigned int max);
  static ConnectionIdExtension& ConnectionIdsOf(const SSL* ssl) { return Of(ssl)->connection_ids_; }
  static int AcknowledgeName(SSL* ssl, int* alert, void*);
  static int SelectProtocol(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                            const unsigned char* in, unsigned int in_size, void*);
  static int PrepareTicket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                           EVP_MAC_CTX* mac, int seals);
  static int CompleteTicket(SSL* ssl, void*);
  static SSL_TICKET_RETURN JudgeTicket(SSL* ssl, SSL_SESSION* session, const unsigned char* name,
                                       size_t name_size, SSL_TICKET_STATUS status, void*);
  static int VerifyChain(X509_STORE_CTX* store, void*);
  static int CollectError(int ok, X509_STORE_CTX* store);

  int JudgeChain(X509_STORE_CTX* store);

  const Role role_;
  const std::shared_ptr<const Context> context_;
  const HandshakeOptions options_;
  const Handle handle_;
  Outbox* const outbox_;
  Counters* const counters_;
  AeadPool* const pool_;
  ConnectionIdExtension connection_ids_;

  State state_ = State::kRunning;
  std::optional<Failure> failure_;
  const CipherSuite* suite_ = nullptr;

  // The BIO reads from here; it must outlive the SSL, and so stands before it.
  DatagramBio bio_;
  SslPtr ssl_;

  FlightKeeper flights_;
  std::optional<Records> records_;
  // There with the records.
  std::optional<SessionSecrets> secrets_;
  bool peer_repeats_itself_ = false;
  bool paused_ = false;
  // OpenSSL reads protected records under numbers of their own.
  uint64_t next_private_sequence_ = 0;

  // Epoch-0 records get numbers of our own on their way in, so that a spoofed number cannot move OpenSSL's
  // window.
  uint64_t next_incoming_sequence_ = 0;
  uint16_t next_message_seq_ = 0;
  HandshakeType last_message_ = HandshakeType::kHelloRequest;
  bool client_sent_certificate_ = false;
  bool server_hello_read_ = false;
  bool peer_changed_cipher_spec_ = false;
  // Client: a NewSessionTicket comes before the server's ChangeCipherSpec.
  bool ticket_announced_ = false;
  HeldRecords held_;
  std::vector<Bytes> early_messages_;
  size_t early_message_bytes_ = 0;
  // Something has happened for which a held record may have waited.
  bool progressed_ = false;

  Answer psk_ = Answer::kNotAsked;
  // The message that waits for the key: ClientKeyExchange on a server, ServerHelloDone on a client.
  std::optional<uint16_t> psk_gate_;
  PskIdentityReader identity_reader_;
  std::string psk_identity_;
  Secret psk_key_;

  Answer verdict_ = Answer::kNotAsked;
  ChainVerdict chain_;

  std::shared_ptr<const TicketKeys> ticket_keys_;
  // Client: of the session that is offered.
  std::vector<Bytes> offered_chain_;

  // A fatal alert, or a close_notify, that came in the clear, and how often the flight was sent again since.
  struct UnprovedAlert {
    int alert;
    int sent_again;
  };
  static constexpr int kPatience = 2;
  std::optional<UnprovedAlert> suspect_alert_;
  int alert_received_ = -1;
  int alert_sent_ = -1;
  bool fatal_alert_received_ = false;
  uint32_t retransmissions_ = 0;
  bool undecrypted_finished_ = false;
};

}  // namespace native_dtls
