#include "core/handshake/handshake.h"

#include <openssl/err.h>

#include <array>

#include "core/base/defence.h"
#include "core/crypto/error_queue.h"
#include "core/handshake/filter.h"
#include "core/handshake/verify_error.h"
#include "core/wire/byte_reader.h"
#include "core/wire/server_hello.h"

namespace native_dtls {

namespace {

// A 4096-byte buffer sits on OpenSSL's write BIO during the handshake; above its size records are cut in two.
// Flights are cut to the path's MTU later, whatever OpenSSL thinks of it.
constexpr size_t kOpenSslMtuBytes = 4096;

// Handshake datagrams stay within this even where larger ones are let through.
constexpr size_t kMaxHandshakeMtuBytes = 4096;

// As many messages as may arrive between a peer's last words in the handshake and our reading them.
constexpr size_t kMaxEarlyMessages = 64;
constexpr size_t kMaxEarlyMessageBytes = 20 * 1024;

size_t MaxPlaintextBytes(const SSL* ssl) {
  const uint8_t code = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl));
  return code == TLSEXT_max_fragment_length_DISABLED ? kMaxPlaintextBytes : size_t{256} << code;
}

}  // namespace

Handshake::Handshake(Role role, std::shared_ptr<const Context> context, const HandshakeOptions& options,
                     Handle handle, Outbox* outbox, Counters* counters, AeadPool* pool,
                     std::optional<Bytes> connection_id)
    : role_(role),
      context_(std::move(context)),
      options_(options),
      handle_(handle),
      outbox_(outbox),
      counters_(counters),
      pool_(pool),
      connection_ids_(role, std::move(connection_id), options.return_routability, options.mtu_bytes),
      bio_(kOpenSslMtuBytes),
      ssl_(SSL_new(context_->ssl_ctx())),
      flights_(outbox, handle, std::min(options.mtu_bytes, kMaxHandshakeMtuBytes), options.retransmit_timeout,
               options.retransmit_timeout_max) {
  Configure();
}

Handshake::~Handshake() = default;

void Handshake::Configure() {
  if (!ssl_ || !bio_.AttachTo(ssl_.get())) return Fail(ErrorKind::kInternal);
  SSL* ssl = ssl_.get();
  SSL_set_app_data(ssl, this);
  SSL_set_msg_callback_arg(ssl, this);
  SSL_set_mtu(ssl, kOpenSslMtuBytes);
  // Certificates alone: OpenSSL has bounds of its own for the others.
  if (options_.max_message_bytes > kMaxHandshakeMessageBytes) {
    SSL_set_max_cert_list(ssl, static_cast<long>(options_.max_message_bytes));
  }
  DTLS_set_timer_cb(ssl, NextTimeout);
  if (role_ == Role::kClient) {
    SSL_set_connect_state(ssl);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    if (options_.psk) SSL_set_psk_client_callback(ssl, GiveClientPsk);
    const bool only_psk = options_.psk && !options_.certificates;
    if (only_psk && SSL_set_cipher_list(ssl, context_->psk_ciphers().c_str()) != 1) {
      return Fail(ErrorKind::kHandshakeFailed);
    }
    SSL_clear_options(ssl, SSL_OP_NO_TICKET);
    const Bytes& protocols = options_.alpn_protocols;
    // Returns 0 for success, unlike its siblings.
    if (!protocols.empty() &&
        SSL_set_alpn_protos(ssl, protocols.data(), static_cast<unsigned int>(protocols.size())) != 0) {
      return Fail(ErrorKind::kInternal);
    }
    if (!options_.server_name.empty() && SSL_set_tlsext_host_name(ssl, options_.server_name.c_str()) != 1) {
      return Fail(ErrorKind::kInternal);
    }
  } else {
    SSL_set_accept_state(ssl);
    SSL_set_verify(ssl, options_.request_certificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (options_.psk) SSL_set_psk_server_callback(ssl, GiveServerPsk);
    if (!options_.psk_identity_hint.empty()) {
      SSL_use_psk_identity_hint(ssl, options_.psk_identity_hint.c_str());
    }
  }
}

void Handshake::Start(TimePoint now, ByteView session) {
  if (state_ != State::kRunning) return;
  if (!session.empty() && !UseSession(session)) return Fail(ErrorKind::kInternal);
  Advance();
  flights_.SendCollected(now, records());
}

bool Handshake::UseSession(ByteView session) {
  auto read = ReadClientSession(session);
  if (!read || SSL_set_session(ssl_.get(), read->session.get()) != 1) return false;
  offered_chain_ = std::move(read->chain);
  return true;
}

void Handshake::UseTickets(std::shared_ptr<const TicketKeys> keys) {
  if (!keys || options_.session_timeout <= Duration::zero()) return;
  // A session goes on only where the same was asked of the client.
  SessionIdContext id_context = context_->session_id_context();
  id_context.back() = options_.request_certificate ? 1 : 0;
  if (SSL_set_session_id_context(ssl_.get(), id_context.data(), id_context.size()) != 1) return;
  SSL_clear_options(ssl_.get(), SSL_OP_NO_TICKET);
  ticket_keys_ = std::move(keys);
}

void Handshake::Accept(TimePoint now, ByteView hello, bool cookie_verified,
                       std::shared_ptr<const TicketKeys> ticket_keys) {
  if (state_ != State::kRunning) return;
  UseTickets(std::move(ticket_keys));
  const auto first = TakeRecord(hello);
  if (!first) return Fail(ErrorKind::kInternal);
  flights_.sender().ContinueFrom(first->header.sequence);
  next_incoming_sequence_ = first->header.sequence;
  if (cookie_verified) {
    ++next_incoming_sequence_;
    using AddressPtr = OpenSslPtr<BIO_ADDR, BIO_ADDR_free>;
    const AddressPtr nobody(BIO_ADDR_new());
    bio_.Offer(first->whole);
    const int listened = nobody ? DTLSv1_listen(ssl_.get(), nobody.get()) : -1;
    bio_.Withdraw();
    if (listened != 1) return Fail(ErrorKind::kHandshakeFailed);
    Advance();
  } else {
    ProcessRecord(*first);
  }
  flights_.SendCollected(now, records());
}

void Handshake::Receive(TimePoint now, ByteView datagram) {
  paused_ = false;
  const uint16_t awaited = next_message_seq_;
  while (const auto record = TakeRecord(datagram, connection_ids_.own_bytes())) ProcessRecord(*record);
  if (!datagram.empty()) counters_->Add(Counter::kDroppedMalformed);
  if (next_message_seq_ != awaited) flights_.NoteAnswer(now);
  ReleaseHeld();
  flights_.SendCollected(now, records());
  // The peer waits for something that it has been sent: now, rather than when our clock says so. Once for a
  // burst.
  if (std::exchange(peer_repeats_itself_, false) && !waits_for_answer() &&
      flights_.may_answer_repetition(now)) {
    NoteRetransmission();
    flights_.SendAgain(now, records());
  }
}

void Handshake::HandleTimeout(TimePoint now) {
  if (now < deadline()) return;
  if (suspect_alert_ && suspect_alert_->sent_again++ == kPatience) return Fail(ErrorKind::kAlertReceived);
  NoteRetransmission();
  // Who has fallen silent is asked in regular intervals.
  if (suspect_alert_) {
    flights_.SendAgain(now, records());
  } else {
    flights_.SendAgainByClock(now, records());
  }
}

// Anybody can send an alert in the clear. The peer is believed to have sent it when it says nothing more:
// when the flight was sent again some times since, and nothing came of it.
void Handshake::SuspectAlert(ByteView alert) {
  counters_->Add(Counter::kSuspectAlerts);
  if (!suspect_alert_) suspect_alert_ = {.alert = alert[1], .sent_again = 0};
}

void Handshake::Cancel() {
  if (state_ == State::kFailed || !flights_.has_sent()) return;
  SendAlert(AlertLevel::kWarning, Alert::kUserCanceled);
  SendAlert(AlertLevel::kWarning, Alert::kCloseNotify);
}

TimePoint Handshake::deadline() const {
  return state_ == State::kRunning && !waits_for_answer() && !paused_ ? flights_.deadline() : kNever;
}

void Handshake::ProcessRecord(const Record& record) {
  if (state_ == State::kFailed) return counters_->Add(Counter::kDroppedAfterEnd);
  if (const auto reason = RefuseHandshakeRecord(record)) return counters_->Add(*reason);
  if (record.header.epoch != 0) return ProcessProtected(record);
  if (record.header.type == ContentType::kAlert) return SuspectAlert(record.body);
  if (state_ != State::kRunning || verdict_pending()) return HoldPlaintext(record.header, record.body);
  switch (record.header.type) {
    case ContentType::kHandshake:
      return ProcessPlaintextHandshake(record);
    case ContentType::kChangeCipherSpec:
      if (psk_gate_closed() || !ExpectsChangeCipherSpec()) return HoldPlaintext(record.header, record.body);
      peer_changed_cipher_spec_ = progressed_ = true;
      return FeedRenumbered(record.header, record.body);
    default:
      return FeedRenumbered(record.header, record.body);
  }
}

// Each fragment goes on as a record of its own, so that a question can be put between any two of them.
void Handshake::ProcessPlaintextHandshake(const Record& record) {
  ByteView body = record.body;
  while (!body.empty() && state_ != State::kFailed) {
    const auto fragment = TakeHandshakeFragment(body);
    if (!fragment) return counters_->Add(Counter::kDroppedMalformed);
    if (const auto reason = RefuseFragment(*fragment, role_, next_message_seq_, MaxBytesOf(fragment->type))) {
      counters_->Add(*reason);
      continue;
    }
    if (!CanBeDue(*fragment)) {
      counters_->Add(Counter::kDroppedUnexpected);
      continue;
    }
    switch (Dispose(*fragment)) {
      case Disposition::kFeed:
        FeedRenumbered(record.header, fragment->whole);
        break;
      case Disposition::kHold:
        HoldPlaintext(record.header, fragment->whole);
        break;
    }
    AskPskIfDue();
  }
}

// Nothing but a chain of certificates has a reason to be long, and no client was asked for one in vain.
size_t Handshake::MaxBytesOf(HandshakeType type) const {
  const bool may_be_long =
      type == HandshakeType::kCertificate && (role_ == Role::kClient || options_.request_certificate);
  return may_be_long ? options_.max_message_bytes
                     : std::min<size_t>(options_.max_message_bytes, kMaxHandshakeMessageBytes);
}

// What was agreed on says which messages can still come in the clear: others are somebody else's. One that
// has been read may always come again.
bool Handshake::CanBeDue(const HandshakeFragment& fragment) const {
  if (fragment.message_seq < next_message_seq_) return true;
  if (role_ == Role::kClient) {
    const bool all_said = resumed() || (psk_gate_ && fragment.message_seq > *psk_gate_);
    return !all_said || fragment.type == HandshakeType::kNewSessionTicket;
  }
  if (resumed()) return false;
  // With a pre-shared key a client sends no certificate.
  return !SuiteUsesPsk() ||
         (fragment.type == HandshakeType::kClientKeyExchange && fragment.message_seq == next_message_seq_);
}

Handshake::Disposition Handshake::Dispose(const HandshakeFragment& fragment) {
  if (state_ != State::kRunning || verdict_pending()) return Disposition::kHold;
  NotePeerRepeatsItself(fragment);
  const bool client_asks = role_ == Role::kClient && options_.psk;
  if (client_asks && fragment.type == HandshakeType::kServerHelloDone && !server_hello_read_)
    return Disposition::kHold;
  // The first of them is the one that is due.
  if (ClosesPskGate(fragment)) psk_gate_ = std::min(psk_gate_.value_or(0xffff), fragment.message_seq);
  if (!psk_gate_closed() || fragment.message_seq < *psk_gate_) return Disposition::kFeed;
  if (role_ == Role::kServer && fragment.message_seq == *psk_gate_) identity_reader_.Add(fragment);
  return Disposition::kHold;
}

bool Handshake::ClosesPskGate(const HandshakeFragment& fragment) const {
  if (!options_.psk || psk_ != Answer::kNotAsked) return false;
  if (fragment.message_seq < next_message_seq_) return false;
  return role_ == Role::kClient ? fragment.type == HandshakeType::kServerHelloDone
                                : fragment.type == HandshakeType::kClientKeyExchange && SuiteUsesPsk();
}

void Handshake::ProcessProtected(const Record& record) {
  if (!Stands(Defence::kEarlyRecordsHeld) && !peer_changed_cipher_spec_) return Feed(record.whole);
  if (state_ != State::kRunning || verdict_pending() || !peer_changed_cipher_spec_) return Hold(record.whole);
  if (AskBeforeFinished() || psk_ == Answer::kAsked) return Hold(record.whole);
  FeedProtected(record);
}

// Opened with our numbers, sealed again with private ones: what OpenSSL reads nobody else has sealed.
void Handshake::FeedProtected(const Record& record) {
  if (!Stands(Defence::kRecordsVerifiedFirst)) return Feed(record.whole);
  if (!EnsureRecords()) return counters_->Add(Counter::kDroppedUnexpected);
  if (const auto reason = records_->Refuse(record)) return counters_->Add(*reason);
  std::array<uint8_t, kMaxRecordBodyBytes> plaintext;
  const auto opened = records_->Open(record, plaintext.data());
  if (const auto* reason = std::get_if<Counter>(&opened)) {
    // Of a record with a Connection ID nobody knows what it was to be.
    undecrypted_finished_ |=
        *reason == Counter::kDroppedForged && record.header.type != ContentType::kApplicationData;
    return counters_->Add(*reason);
  }
  const auto& message = std::get<Records::Message>(opened);
  const ByteView body = message.plaintext;
  if (message.type == ContentType::kApplicationData) return KeepEarlyMessage(body);
  // There are no paths to check yet, and OpenSSL would end the handshake.
  if (message.type == ContentType::kReturnRoutabilityCheck)
    return counters_->Add(Counter::kDroppedUnexpected);
  const RecordHeader header{
      .type = message.type, .version = kDtls12, .epoch = 1, .sequence = next_private_sequence_++};
  const TrafficKey& key = records_->read_key();
  Bytes sealed(ProtectedBytes(key, 0, body.size()));
  if (Protect(*pool_, key, header, {}, body, sealed.data())) Feed(sealed);
}

// OpenSSL loses messages that overtake the peer's Finished.
void Handshake::KeepEarlyMessage(ByteView message) {
  if (early_messages_.size() >= kMaxEarlyMessages ||
      early_message_bytes_ + message.size() > kMaxEarlyMessageBytes) {
    return counters_->Add(Counter::kDroppedHoldFull);
  }
  early_message_bytes_ += message.size();
  early_messages_.push_back(CopyOf(message));
}

void Handshake::Hold(ByteView record) {
  counters_->Add(Counter::kDroppedHoldFull, static_cast<double>(held_.AddProtected(record)));
}

// Numbers of epoch 0 are replaced on the way in; without them a message sent again is the same record.
void Handshake::HoldPlaintext(const RecordHeader& header, ByteView body) {
  RecordHeader kept = header;
  kept.sequence = 0;
  counters_->Add(Counter::kDroppedHoldFull, static_cast<double>(held_.AddCleartext(kept, body)));
}

void Handshake::ReleaseHeld() {
  while (std::exchange(progressed_, false) && state_ == State::kRunning && !held_.empty()) {
    for (const Bytes& held : held_.Take()) {
      ByteView datagram = held;
      if (const auto record = TakeRecord(datagram, connection_ids_.own_bytes())) ProcessRecord(*record);
    }
  }
}

void Handshake::FeedRenumbered(const RecordHeader& header, ByteView body) {
  std::array<uint8_t, kRecordHeaderBytes + kMaxRecordBodyBytes> record;
  RecordHeader renumbered = header;
  renumbered.sequence = next_incoming_sequence_++;
  uint8_t* end = std::ranges::copy(body, PutRecordHeader(record.data(), renumbered, body.size())).out;
  Feed(ByteView(record.data(), end));
}

void Handshake::Feed(ByteView record) {
  bio_.Offer(record);
  Advance();
  bio_.Withdraw();
}

void Handshake::Advance() {
  if (state_ != State::kRunning) return;
  if (ERR_peek_error() != 0) ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  const int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
  CollectWritten();
  switch (error) {
    case SSL_ERROR_NONE:
      return Complete();
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return;
    case SSL_ERROR_WANT_RETRY_VERIFY:
      return AskCertificate();
    default:
      return Fail(ClassifyFailure(error));
  }
}

void Handshake::CollectWritten() {
  for (const Bytes& written : bio_.TakeWritten()) {
    ByteView datagram = written;
    while (const auto record = TakeRecord(datagram)) Collect(*record);
  }
}

void Handshake::Collect(const Record& record) {
  FlightPart part{.type = record.header.type,
                  .epoch = record.header.epoch,
                  .version = record.header.version,
                  .body = CopyOf(record.body)};
  if (part.epoch != 0) {
    if (!EnsureRecords()) return;
    Bytes room(record.body.size());
    const auto opened = Unprotect(*pool_, records_->write_key(), record, room.data());
    if (!opened) return;
    part.body = CopyOf(opened->plaintext);
  }
  // Alerts belong to no flight: they are said once.
  if (part.type == ContentType::kAlert) {
    flights_.sender().SendRecord(part, records());
    return;
  }
  flights_.Collect(std::move(part));
}

void Handshake::NoteRetransmission() {
  counters_->Add(Counter::kRetransmissions);
  outbox_->AddEvent(EventKind::kRetransmitted, handle_, ++retransmissions_);
}

void Handshake::NotePeerRepeatsItself(const HandshakeFragment& fragment) {
  // The end of a message that has been read: the beginning may be a copy made by the network, the whole
  // flight is not.
  peer_repeats_itself_ |= fragment.message_seq + 1 == next_message_seq_ &&
                          fragment.offset + fragment.body.size() == fragment.message_length;
}

bool Handshake::EnsureRecords() {
  if (records_) return true;
  const CipherSuite* suite = PendingSuite();
  const auto secrets = SessionSecrets::Of(ssl_.get());
  auto keys = suite && secrets ? DeriveKeys(*secrets, *suite, *pool_) : std::nullopt;
  if (!keys) return false;
  secrets_.emplace(*secrets);
  const bool client = role_ == Role::kClient;
  records_.emplace(std::move(client ? keys->client_write : keys->server_write),
                   std::move(client ? keys->server_write : keys->client_write), connection_ids_.Agreed(),
                   pool_);
  return true;
}

ErrorKind Handshake::ClassifyFailure(int ssl_error) const {
  if (fatal_alert_received_ || ssl_error == SSL_ERROR_ZERO_RETURN) return ErrorKind::kAlertReceived;
  if (verdict_ == Answer::kRefused) return ErrorKind::kCertificateRefused;
  if (psk_ == Answer::kRefused) return ErrorKind::kPskRefused;
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_READ_TIMEOUT_EXPIRED)
    return ErrorKind::kHandshakeTimeout;
  return ErrorKind::kHandshakeFailed;
}

// ChangeCipherSpec carries no message_seq (RFC 6347 section 4.2.4): whether it is due follows from what came
// before.
bool Handshake::ExpectsChangeCipherSpec() const {
  if (role_ == Role::kClient && ticket_announced_) return last_message_ == HandshakeType::kNewSessionTicket;
  if (role_ == Role::kClient && resumed()) return last_message_ == HandshakeType::kServerHello;
  if (role_ == Role::kClient || resumed()) return flights_.changed_cipher_spec();
  return last_message_ ==
         (client_sent_certificate_ ? HandshakeType::kCertificateVerify : HandshakeType::kClientKeyExchange);
}

const CipherSuite* Handshake::PendingSuite() const {
  const SSL_CIPHER* cipher = SSL_get_pending_cipher(ssl_.get());
  if (cipher == nullptr) cipher = SSL_get_current_cipher(ssl_.get());
  return cipher == nullptr ? nullptr : FindCipherSuite(SSL_CIPHER_get_protocol_id(cipher));
}

bool Handshake::SuiteUsesPsk() const {
  const CipherSuite* suite = PendingSuite();
  return suite != nullptr && suite->uses_psk;
}

void Handshake::Complete() {
  suite_ = PendingSuite();
  if (suite_ == nullptr || !EnsureRecords()) return Fail(ErrorKind::kInternal);
  psk_key_.Wipe();
  if (role_ == Role::kClient && resumed() && !SuiteUsesPsk() && !chain_.collected()) CollectResumedChain();
  const bool judged_now = role_ == Role::kClient && options_.verify_at_completion && chain_.collected();
  state_ = judged_now ? State::kAwaitingVerdict : State::kComplete;
  if (judged_now) AskCertificate();
}

void Handshake::Fail(ErrorKind kind) {
  if (failure_) return;
  failure_ = Diagnose(kind);
  failure_->openssl_errors = TakeErrorQueue();
  state_ = State::kFailed;
  psk_key_.Wipe();
}

void Handshake::Refuse(ErrorKind kind, Alert alert) {
  SendAlert(AlertLevel::kFatal, alert);
  alert_sent_ = static_cast<int>(alert);
  Fail(kind);
}

void Handshake::SendAlert(AlertLevel level, Alert alert) {
  flights_.sender().SendAlert(level, alert, flights_.changed_cipher_spec() ? records() : nullptr);
}

Failure Handshake::TakeFailure() { return failure_ ? std::move(*failure_) : Diagnose(ErrorKind::kInternal); }

Failure Handshake::Diagnose(ErrorKind kind) const {
  const bool timed_out_in_suspicion = kind == ErrorKind::kHandshakeTimeout && suspect_alert_;
  if (timed_out_in_suspicion) kind = ErrorKind::kAlertReceived;
  Failure failure{.kind = kind};
  const int received = suspect_alert_ ? suspect_alert_->alert : alert_received_;
  failure.alert = kind == ErrorKind::kAlertReceived ? received : alert_sent_;
  // DTLS sends no alert for a Finished that does not decrypt. A server has seen it; a client only waits.
  const bool stuck_at_finished =
      role_ == Role::kServer ? undecrypted_finished_ : flights_.changed_cipher_spec();
  failure.wrong_key_likely =
      kind == ErrorKind::kHandshakeTimeout && ssl_ && SuiteUsesPsk() && !resumed() && stuck_at_finished;
  if (chain_.first_error() != X509_V_OK) failure.verify_error = VerifyErrorName(chain_.first_error());
  return failure;
}

Handshake::Result Handshake::TakeResult() {
  // Whether the peer lacks our last words it alone knows, if they were the last.
  const bool spoke_last = (role_ == Role::kServer) != resumed();
  if (psk_identity_.empty() && SSL_get_psk_identity(ssl_.get()) != nullptr) {
    psk_identity_ = SSL_get_psk_identity(ssl_.get());
  }
  const unsigned char* protocol = nullptr;
  unsigned int protocol_bytes = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &protocol_bytes);
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  Secret session;
  if (role_ == Role::kClient) session = WriteClientSession(SSL_get_session(ssl_.get()), chain_.chain());
  Result result{
      .suite = suite_,
      .server_name = name == nullptr ? "" : name,
      .psk_identity = std::move(psk_identity_),
      .peer_certificates = chain_.TakeChain(),
      .max_plaintext_bytes = MaxPlaintextBytes(ssl_.get()),
      .alpn_protocol = std::string(protocol, protocol + protocol_bytes),
      .session_reused = resumed(),
      .secrets = *secrets_,
      .client_session = std::move(session),
      .records = std::move(*records_),
      .sender = flights_.sender(),
      .last_flight = spoke_last ? flights_.Take() : SentFlight(),
      .early_records = held_.Take(),
      .early_messages = std::move(early_messages_),
  };
  // Else freeing it would mark the session as bad.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  return result;
}

void Handshake::NoteMessage(ByteView message) {
  ByteReader reader(message);
  const auto type = static_cast<HandshakeType>(reader.Integer(1));
  const uint64_t length = reader.Integer(3);
  const uint64_t message_seq = reader.Integer(2);
  if (!reader.ok()) return;
  constexpr uint64_t kEmptyCertificateList = 3;
  if (type == HandshakeType::kCertificate && role_ == Role::kServer) {
    client_sent_certificate_ = length > kEmptyCertificateList;
  }
  if (type == HandshakeType::kServerHello) {
    server_hello_read_ = true;
    ticket_announced_ = AnnouncesTicket(message.subspan(kHandshakeHeaderBytes));
  }
  suspect_alert_.reset();
  last_message_ = type;
  next_message_seq_ = static_cast<uint16_t>(message_seq + 1);
  progressed_ = true;
}

}  // namespace native_dtls
