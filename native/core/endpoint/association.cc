#include "core/endpoint/association.h"

#include "core/crypto/error_queue.h"
#include "core/endpoint/saved_association.h"

namespace native_dtls {

namespace {

// Twice the maximum segment lifetime: so long may the peer still lack our last flight.
constexpr Duration kLastFlightKept = std::chrono::seconds(240);

// No message takes the last record numbers, so that an association whose numbers have run out can still say
// that it closes.
constexpr uint64_t kNumbersForFarewells = 16;

std::unique_ptr<const Association::Facts::Extras> Kept(Association::Facts::Extras extras) {
  const bool any = !extras.server_name.empty() || !extras.peer_certificates.empty() ||
                   !extras.alpn_protocol.empty() || !extras.client_session.empty();
  return any ? std::make_unique<const Association::Facts::Extras>(std::move(extras)) : nullptr;
}

}  // namespace

Association::Association(Handle handle, Role role, std::shared_ptr<const Context> context,
                         std::shared_ptr<const AssociationOptions> options, Outbox* outbox,
                         Counters* counters, AeadPool* pool, std::optional<Bytes> connection_id)
    : handle_(handle),
      role_(role),
      options_(std::move(options)),
      outbox_(outbox),
      counters_(counters),
      sender_(outbox, handle) {
  if (role == Role::kServer) {
    reception_.reset(new Reception{
        .context = std::move(context), .connection_id = std::move(connection_id), .pool = pool});
  } else {
    handshake_ = std::make_unique<Handshake>(role, std::move(context), options_->handshake, handle, outbox,
                                             counters, pool, std::move(connection_id));
  }
  counters_->Add(Counter::kAssociations);
}

Association::Association(TimePoint now, Handle handle, const SavedAssociation& saved,
                         std::shared_ptr<const AssociationOptions> options, Outbox* outbox,
                         Counters* counters, AeadPool* pool)
    : handle_(handle),
      role_(saved.role),
      state_(State::kEstablished),
      options_(std::move(options)),
      outbox_(outbox),
      counters_(counters),
      started_(now),
      last_message_(now),
      records_(
          std::in_place,
          TrafficKey(saved.suite->algorithm, saved.write_key.view(), saved.write_iv.view(), pool->NewKeyId()),
          TrafficKey(saved.suite->algorithm, saved.read_key.view(), saved.read_iv.view(), pool->NewKeyId()),
          saved.connection_ids, pool),
      sender_(outbox, handle),
      facts_(Facts{.suite = saved.suite,
                   .psk_identity = saved.psk_identity,
                   .max_plaintext_bytes = saved.max_plaintext_bytes,
                   .session_reused = saved.session_reused,
                   .secrets = *saved.secrets,
                   .some_extras = Kept({.server_name = saved.server_name,
                                        .peer_certificates = saved.peer_certificates,
                                        .alpn_protocol = saved.alpn_protocol,
                                        .client_session = Secret(saved.client_session.view())})}) {
  records_->Restore(saved.records);
  sender_.ContinueFrom(saved.next_plaintext);
  if (!saved.last_flight.empty()) {
    KeepLastFlight(now, {.flight = saved.last_flight, .mtu_bytes = options_->handshake.mtu_bytes});
  }
  counters_->Add(Counter::kAssociations);
}

const Association::Facts::Extras& Association::Facts::extras() const {
  static const Extras kNone{};
  return some_extras ? *some_extras : kNone;
}

SavedAssociation Association::Save() const {
  SavedAssociation saved;
  saved.role = role_;
  saved.suite = facts_->suite;
  saved.write_key = Secret(records_->write_key().key());
  saved.write_iv = Secret(records_->write_key().fixed_iv());
  saved.read_key = Secret(records_->read_key().key());
  saved.read_iv = Secret(records_->read_key().fixed_iv());
  saved.connection_ids = records_->connection_ids();
  saved.records = records_->Save();
  saved.next_plaintext = sender_.next_plaintext();
  if (last_flight_) saved.last_flight = last_flight_->flight.Unpack();
  const Facts::Extras& extras = facts_->extras();
  saved.server_name = extras.server_name;
  saved.psk_identity = facts_->psk_identity;
  saved.peer_certificates = extras.peer_certificates;
  saved.max_plaintext_bytes = facts_->max_plaintext_bytes;
  saved.alpn_protocol = extras.alpn_protocol;
  saved.session_reused = facts_->session_reused;
  saved.secrets.emplace(facts_->secrets);
  saved.client_session = Secret(extras.client_session.view());
  return saved;
}

Association::~Association() {
  if (state_ == State::kHandshaking) counters_->Add(Counter::kPendingHandshakes, -1);
  if (state_ != State::kEnded) counters_->Add(Counter::kAssociations, -1);
}

void Association::Start(TimePoint now, ByteView session) {
  if (state_ != State::kNew || !handshake_) return;
  const ErrorQueueScope errors;
  Begin(now);
  handshake_->Start(now, session);
  FollowHandshake(now);
}

void Association::Receive(TimePoint now, ByteView datagram) {
  const ErrorQueueScope errors;
  received_newest_ = false;
  received_verified_ = false;
  path_answer_.reset();
  switch (state_) {
    case State::kHandshaking:
      if (reception_) {
        reception_->hello->Receive(datagram, *counters_);
        return FollowHello(now);
      }
      if (role_ == Role::kClient && !std::exchange(answered_, true)) {
        outbox_->AddEvent(EventKind::kAnswered, handle_);
      }
      handshake_->Receive(now, datagram);
      return FollowHandshake(now);
    case State::kEstablished: {
      const KeyLimits before = key_limits();
      ReceiveProtected(now, datagram, Destination::kSender);
      return TellKeyLimits(before);
    }
    case State::kNew:
    case State::kEnded:
      return counters_->Add(Counter::kDroppedAfterEnd);
  }
}

void Association::HandleTimeout(TimePoint now) {
  const ErrorQueueScope errors;
  if (state_ == State::kHandshaking) {
    if (now >= started_ + options_->handshake_timeout) {
      const Failure timeout{.kind = ErrorKind::kHandshakeTimeout};
      return Fail(now, handshake_ ? handshake_->Diagnose(timeout.kind) : timeout);
    }
    if (!handshake_) return;
    handshake_->HandleTimeout(now);
    FollowHandshake(now);
  } else if (state_ == State::kEstablished) {
    if (last_flight_ && now >= last_flight_->kept_until) last_flight_.reset();
    if (now < deadline()) return;
    outbox_->AddEvent(EventKind::kIdle, handle_);
    sender_.SendAlert(AlertLevel::kWarning, Alert::kCloseNotify, &*records_);
    End(CloseReason::kIdle);
  }
}

void Association::AnswerPsk(TimePoint now, ByteView identity, std::optional<ByteView> key) {
  if (state_ != State::kHandshaking || !handshake_) return;
  const ErrorQueueScope errors;
  handshake_->AnswerPsk(now, identity, key);
  FollowHandshake(now);
}

void Association::AnswerCertificate(TimePoint now, bool accept) {
  if (state_ != State::kHandshaking || !handshake_) return;
  const ErrorQueueScope errors;
  handshake_->AnswerCertificate(now, accept);
  FollowHandshake(now);
}

Association::SendResult Association::Send(ByteView message) {
  if (state_ != State::kEstablished) return SendResult::kNotEstablished;
  if (message.size() > max_message_bytes()) return SendResult::kTooLarge;
  if (records_->numbers_left() <= kNumbersForFarewells) return SendResult::kNumbersExhausted;
  const ErrorQueueScope errors;
  const KeyLimits before = key_limits();
  if (!sender_.SendMessage(message, *records_)) return SendResult::kFailed;
  counters_->Add(Counter::kMessagesSent);
  ++traffic_.messages_sent;
  traffic_.bytes_sent += message.size();
  TellKeyLimits(before);
  return SendResult::kSent;
}

void Association::NotePeerGone(TimePoint now) {
  if (state_ != State::kHandshaking || !handshake_) return;
  const ErrorQueueScope errors;
  handshake_->BelieveAlert();
  FollowHandshake(now);
}

void Association::Shutdown() {
  if (state_ != State::kEstablished) return Abort(CloseReason::kLocal, true);
  const ErrorQueueScope errors;
  sender_.SendAlert(AlertLevel::kWarning, Alert::kCloseNotify, &*records_);
  End(CloseReason::kLocal);
}

void Association::Abort(CloseReason reason, bool tell_peer) {
  if (state_ == State::kEnded) return;
  const ErrorQueueScope errors;
  if (state_ == State::kHandshaking && tell_peer) CancelHandshake();
  End(reason);
}

TimePoint Association::deadline() const {
  switch (state_) {
    case State::kHandshaking:
      return std::min(started_ + options_->handshake_timeout, handshake_ ? handshake_->deadline() : kNever);
    case State::kEstablished: {
      const TimePoint idle =
          options_->idle_timeout > Duration::zero() ? last_message_ + options_->idle_timeout : kNever;
      return last_flight_ ? std::min(idle, last_flight_->kept_until) : idle;
    }
    case State::kNew:
    case State::kEnded:
      break;
  }
  return kNever;
}

bool Association::ExportKeyingMaterial(std::string_view label, std::optional<ByteView> context,
                                       std::span<uint8_t> out) const {
  if (state_ != State::kEstablished) return false;
  const ErrorQueueScope errors;
  return native_dtls::ExportKeyingMaterial(facts_->secrets, *facts_->suite, label, context, out);
}

size_t Association::max_message_bytes() const {
  if (!records_) return 0;
  return std::min(records_->MaxPlaintextBytes(options_->handshake.mtu_bytes), facts_->max_plaintext_bytes);
}

void Association::Begin(TimePoint now) {
  state_ = State::kHandshaking;
  started_ = now;
  counters_->Add(Counter::kHandshakesStarted);
  counters_->Add(Counter::kPendingHandshakes);
}

void Association::FollowHandshake(TimePoint now) {
  switch (handshake_->state()) {
    case Handshake::State::kFailed:
      return Fail(now, handshake_->TakeFailure());
    case Handshake::State::kComplete:
      return Establish(now);
    case Handshake::State::kRunning:
    case Handshake::State::kAwaitingVerdict:
      return;
  }
}

void Association::Establish(TimePoint now) {
  state_ = State::kEstablished;
  last_message_ = now;
  counters_->Add(Counter::kPendingHandshakes, -1);
  counters_->Add(Counter::kHandshakesCompleted);
  Handshake::Result result = handshake_->TakeResult();
  handshake_.reset();
  records_.emplace(std::move(result.records));
  sender_ = result.sender;
  facts_.emplace(Facts{.suite = result.suite,
                       .psk_identity = std::move(result.psk_identity),
                       .max_plaintext_bytes = result.max_plaintext_bytes,
                       .session_reused = result.session_reused,
                       .secrets = result.secrets,
                       .some_extras = Kept({.server_name = std::move(result.server_name),
                                            .peer_certificates = std::move(result.peer_certificates),
                                            .alpn_protocol = std::move(result.alpn_protocol),
                                            .client_session = std::move(result.client_session)})});
  if (!result.last_flight.flight.empty()) KeepLastFlight(now, result.last_flight);
  outbox_->AddEvent(EventKind::kEstablished, handle_);
  for (const Bytes& message : result.early_messages) {
    NoteMessage(now, message.size());
    outbox_->AddMessage(handle_, message);
  }
  // Where they have come from is not known any more.
  for (const Bytes& record : result.early_records) ReceiveProtected(now, record, Destination::kPeer);
  TellKeyLimits({});
}

void Association::KeepLastFlight(TimePoint now, const SentFlight& sent) {
  last_flight_.reset(new LastFlight{.flight = PackedFlight(sent.flight),
                                    .mtu_bytes = static_cast<uint16_t>(sent.mtu_bytes),
                                    .times_sent = sent.times_sent,
                                    .sent_at = now,
                                    .kept_until = now + kLastFlightKept});
}

void Association::ReceiveProtected(TimePoint now, ByteView datagram, Destination from) {
  while (state_ == State::kEstablished && !datagram.empty()) {
    // How long a Connection ID is that was never given out nobody can tell.
    const bool unasked_id = static_cast<ContentType>(datagram[0]) == ContentType::kTls12Cid &&
                            records_->own_connection_id().empty();
    if (unasked_id) return counters_->Add(Counter::kDroppedConnectionId);
    const auto record = TakeRecord(datagram, records_->own_connection_id().size());
    if (!record) return counters_->Add(Counter::kDroppedMalformed);
    // What does not belong here is dropped, and the rest of the datagram is looked at all the same.
    if (const auto reason = records_->Refuse(*record)) {
      counters_->Add(*reason);
    } else {
      OpenRecord(now, *record, from);
    }
  }
}

void Association::OpenRecord(TimePoint now, const Record& record, Destination from) {
  if (records_->forgery_limit_reached() && throttle_.Closed(now)) {
    return counters_->Add(Counter::kDroppedThrottled);
  }
  const auto opened = records_->Open(record, outbox_->Reserve(record.body.size()).data());
  if (const auto* reason = std::get_if<Counter>(&opened)) {
    outbox_->GiveBack();
    if (*reason == Counter::kDroppedForged) throttle_.NoteForged(now);
    return counters_->Add(*reason);
  }
  const auto& message = std::get<Records::Message>(opened);
  received_newest_ |= message.newest;
  received_verified_ = true;
  if (message.type == ContentType::kApplicationData) {
    NoteMessage(now, message.plaintext.size());
    return outbox_->KeepMessage(handle_, message.plaintext);
  }
  const Bytes body = CopyOf(message.plaintext);
  outbox_->GiveBack();
  switch (message.type) {
    case ContentType::kAlert:
      return ReceiveAlert(now, body);
    case ContentType::kReturnRoutabilityCheck:
      return ReceivePathMessage(body, from);
    default:
      return ReceiveHandshake(now, body);
  }
}

void Association::NoteMessage(TimePoint now, size_t message_bytes) {
  // Who sends messages has our last flight.
  last_flight_.reset();
  last_message_ = now;
  counters_->Add(Counter::kMessagesReceived);
  ++traffic_.messages_received;
  traffic_.bytes_received += message_bytes;
}

void Association::ReceiveAlert(TimePoint now, ByteView body) {
  if (body.size() != 2) return counters_->Add(Counter::kDroppedMalformed);
  if (static_cast<Alert>(body[1]) == Alert::kCloseNotify) {
    sender_.SendAlert(AlertLevel::kWarning, Alert::kCloseNotify, &*records_);
    return End(CloseReason::kRemote);
  }
  if (body[0] == static_cast<uint8_t>(AlertLevel::kFatal)) {
    Fail(now, {.kind = ErrorKind::kAlertReceived, .alert = body[1]});
  }
}

// A Finished that comes again asks for our last flight, if we spoke last; two sides that both answered would
// never stop. A ClientHello asks for a renegotiation and is refused (RFC 5246 section 7.2.2); so does a
// HelloRequest, but that may go unanswered (section 7.4.1.1), and OpenSSL ends an association in which its
// own is refused.
void Association::ReceiveHandshake(TimePoint now, ByteView body) {
  const auto fragment = TakeHandshakeFragment(body);
  if (!fragment) return counters_->Add(Counter::kDroppedMalformed);
  if (fragment->type == HandshakeType::kClientHello) {
    return sender_.SendAlert(AlertLevel::kWarning, Alert::kNoRenegotiation, &*records_);
  }
  if (fragment->type != HandshakeType::kFinished || !last_flight_)
    return counters_->Add(Counter::kDroppedUnexpected);
  if (now < last_flight_->sent_at + options_->handshake.retransmit_timeout / 2) return;
  last_flight_->sent_at = now;
  counters_->Add(Counter::kRetransmissions);
  const size_t mtu_bytes = BackedOffMtu(last_flight_->mtu_bytes, last_flight_->times_sent++);
  sender_.SendFlight(last_flight_->flight.Unpack(), mtu_bytes, &*records_);
}

// A challenge is answered once, and to where it came from (RFC 9853 section 5.4).
void Association::ReceivePathMessage(ByteView body, Destination from) {
  const auto message = ReadPathMessage(body);
  if (!message) return counters_->Add(Counter::kDroppedMalformed);
  if (message->type != PathMessageType::kChallenge) {
    path_answer_ = message;
  } else if (sender_.SendPathMessage({.type = PathMessageType::kResponse, .cookie = message->cookie},
                                     *records_, from)) {
    counters_->Add(Counter::kPathResponsesSent);
  }
}

bool Association::SendChallenge(const PathCookie& cookie, Destination to) {
  const ErrorQueueScope errors;
  const KeyLimits before = key_limits();
  const bool sent =
      sender_.SendPathMessage({.type = PathMessageType::kChallenge, .cookie = cookie}, *records_, to);
  TellKeyLimits(before);
  return sent;
}

Association::KeyLimits Association::key_limits() const {
  return {.sealed = records_->sealing_limit_reached(), .forged = records_->forgery_limit_reached()};
}

// Each limit is told once in the life of the keys: when it is passed, not when it was.
void Association::TellKeyLimits(KeyLimits before) {
  const KeyLimits reached = key_limits();
  if (reached.sealed && !before.sealed) {
    counters_->Add(Counter::kSealingLimitsReached);
    outbox_->AddEvent(EventKind::kKeyLimit, handle_, static_cast<uint32_t>(KeyLimit::kSealed));
  }
  if (reached.forged && !before.forged) {
    counters_->Add(Counter::kForgeryLimitsReached);
    outbox_->AddEvent(EventKind::kKeyLimit, handle_, static_cast<uint32_t>(KeyLimit::kForged));
  }
}

void Association::End(CloseReason reason) {
  if (state_ == State::kHandshaking) counters_->Add(Counter::kPendingHandshakes, -1);
  counters_->Add(Counter::kAssociations, -1);
  state_ = State::kEnded;
  outbox_->AddClose(handle_, reason);
}

void Association::Fail(TimePoint now, Failure failure) {
  if (state_ == State::kHandshaking) {
    counters_->Add(Counter::kPendingHandshakes, -1);
    counters_->Add(Counter::kHandshakesFailed);
  }
  counters_->Add(Counter::kAssociations, -1);
  state_ = State::kEnded;
  failure.elapsed_ms = std::chrono::duration<double, std::milli>(now - started_).count();
  outbox_->AddFailure(handle_, std::move(failure));
}

}  // namespace native_dtls
