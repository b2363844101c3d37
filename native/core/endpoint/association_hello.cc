// Association's half before there is a handshake: a server's, with the client's hello.
#include "core/crypto/error_queue.h"
#include "core/endpoint/association.h"

namespace native_dtls {

namespace {

std::string TextOf(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

}  // namespace

void Association::Accept(TimePoint now, ByteView hello, bool cookie_verified,
                         std::shared_ptr<const TicketKeys> ticket_keys) {
  if (state_ != State::kNew || !reception_) return;
  const ErrorQueueScope errors;
  Begin(now);
  reception_->hello = HelloGatherer::Begin(hello, *counters_);
  if (!reception_->hello) return Fail(now, {.kind = ErrorKind::kInternal});
  reception_->cookie_verified = cookie_verified;
  reception_->ticket_keys = std::move(ticket_keys);
  FollowHello(now);
}

void Association::FollowHello(TimePoint now) {
  if (!reception_->hello->whole() || reception_->asked) return;
  if (!options_->ask_hello) return BeginHandshake(now, reception_->context, options_->handshake);
  const auto hello = ParseClientHello(reception_->hello->record());
  if (!hello) return Fail(now, {.kind = ErrorKind::kInternal});
  reception_->asked = true;
  outbox_->AddHelloQuestion(handle_, {.server_name = TextOf(hello->ServerName()),
                                      .alpn_protocols = CopyOf(hello->AlpnProtocols())});
}

void Association::AnswerHello(TimePoint now, std::shared_ptr<const Context> context,
                              std::optional<ByteView> alpn_protocols) {
  if (!awaits_hello_answer()) return;
  const ErrorQueueScope errors;
  HandshakeOptions options = options_->handshake;
  if (alpn_protocols) options.alpn_protocols = CopyOf(*alpn_protocols);
  BeginHandshake(now, context ? std::move(context) : reception_->context, std::move(options));
}

// Tells a client that is there; without a cookie it need not be.
void Association::CancelHandshake() {
  if (handshake_) return handshake_->Cancel();
  if (!reception_ || !reception_->hello || !reception_->cookie_verified) return;
  sender_.ContinueFrom(reception_->hello->record_sequence());
  sender_.SendAlert(AlertLevel::kWarning, Alert::kUserCanceled, nullptr);
  sender_.SendAlert(AlertLevel::kWarning, Alert::kCloseNotify, nullptr);
}

void Association::RefuseHello(TimePoint now, Alert alert) {
  if (!awaits_hello_answer()) return;
  const ErrorQueueScope errors;
  sender_.ContinueFrom(reception_->hello->record_sequence());
  sender_.SendAlert(AlertLevel::kFatal, alert, nullptr);
  Fail(now, {.kind = ErrorKind::kHelloRefused, .alert = static_cast<int>(alert)});
}

void Association::BeginHandshake(TimePoint now, std::shared_ptr<const Context> context,
                                 HandshakeOptions options) {
  const auto reception = std::move(reception_);
  const ByteView record = reception->hello->record();
  if (const auto hello = ParseClientHello(record)) options.server_name = TextOf(hello->ServerName());
  handshake_ = std::make_unique<Handshake>(role_, std::move(context), options, handle_, outbox_, counters_,
                                           reception->pool, std::move(reception->connection_id));
  handshake_->Accept(now, record, reception->cookie_verified, std::move(reception->ticket_keys));
  FollowHandshake(now);
}

}  // namespace native_dtls
