// One peer, without I/O and without a clock: datagrams in, datagrams and messages and events out. On a server
// first a ClientHello, until it is whole and the application has said how to go on with it; then a Handshake,
// heavy and short; then Records, light and long, with nothing of OpenSSL's behind them.
#pragma once

#include <memory>
#include <optional>

#include "core/handshake/handshake.h"
#include "core/handshake/hello_gatherer.h"
#include "core/records/forgery_throttle.h"
#include "core/records/records.h"

namespace native_dtls {

struct SavedAssociation;

struct AssociationOptions {
  HandshakeOptions handshake;
  // For the whole handshake.
  Duration handshake_timeout = std::chrono::seconds(60);
  // Without a message from the peer; zero means never.
  Duration idle_timeout = Duration::zero();
  // Server: the application is asked how to go on with each hello (AnswerHello, RefuseHello).
  bool ask_hello = false;
};

class Association {
 public:
  enum class SendResult {
    kSent,
    kNotEstablished,
    kTooLarge,
    kAddressUnproven,
    // The keys have no record number left for it (RFC 6347 section 4.1).
    kNumbersExhausted,
    kFailed,
  };

  // `outbox`, `counters` and `pool` must outlive the object. `connection_id` as for Handshake.
  Association(Handle handle, Role role, std::shared_ptr<const Context> context,
              std::shared_ptr<const AssociationOptions> options, Outbox* outbox, Counters* counters,
              AeadPool* pool, std::optional<Bytes> connection_id);
  // One that was saved: established at once.
  Association(TimePoint now, Handle handle, const SavedAssociation& saved,
              std::shared_ptr<const AssociationOptions> options, Outbox* outbox, Counters* counters,
              AeadPool* pool);
  ~Association();

  // Of an established one, without a path; it must end then, for two must never speak with one voice.
  SavedAssociation Save() const;

  // As that of Handshake.
  void Start(TimePoint now, ByteView session);
  // Server: begins with a datagram at whose head stands a ClientHello, or its first fragment; the rest as for
  // Handshake.
  void Accept(TimePoint now, ByteView hello, bool cookie_verified,
              std::shared_ptr<const TicketKeys> ticket_keys);
  // Server: goes on with the hello, with a context and protocols (as in HandshakeOptions) of its own where
  // they are given.
  void AnswerHello(TimePoint now, std::shared_ptr<const Context> context,
                   std::optional<ByteView> alpn_protocols);
  void RefuseHello(TimePoint now, Alert alert);
  // As those of Handshake.
  void Receive(TimePoint now, ByteView datagram);
  void HandleTimeout(TimePoint now);
  void AnswerPsk(TimePoint now, ByteView identity, std::optional<ByteView> key);
  void AnswerCertificate(TimePoint now, bool accept);
  SendResult Send(ByteView message);
  // The system says that the peer is gone, which anybody can make it say: it decides what was suspected, and
  // no more.
  void NotePeerGone(TimePoint now);
  // Ends in good order: close_notify when established.
  void Shutdown();
  // Ends at once. Says nothing to an established peer, and tells one in the midst of a handshake if
  // `tell_peer`.
  void Abort(CloseReason reason, bool tell_peer);

  // When HandleTimeout is due; kNever for never.
  TimePoint deadline() const;
  bool established() const { return state_ == State::kEstablished; }
  bool ended() const { return state_ == State::kEnded; }
  // A handshake repeats nothing by our clock until its peer is heard again.
  void Pause() {
    if (handshake_) handshake_->Pause();
  }
  // Something in the clear, which anybody may have said, has announced the end of the handshake.
  bool suspects_end() const { return handshake_ && handshake_->suspects_alert(); }
  Handle handle() const { return handle_; }

  // What is known of the peer once established, and until the object goes.
  struct Facts {
    // What hardly a device with a pre-shared key has.
    struct Extras {
      std::string server_name;
      std::vector<Bytes> peer_certificates;
      // Empty when none was agreed on.
      std::string alpn_protocol;
      // Client: what a later Start takes; empty when the session cannot be resumed.
      Secret client_session;
    };

    const CipherSuite* suite;
    std::string psk_identity;
    // What the peer can take in one record.
    size_t max_plaintext_bytes;
    bool session_reused;
    SessionSecrets secrets;
    // Null when all of them are empty.
    std::unique_ptr<const Extras> some_extras;

    const Extras& extras() const;
  };
  // Null before.
  const Facts* facts() const { return facts_ ? &*facts_ : nullptr; }
  // Fills `out`; false before the association is established, and as native_dtls::ExportKeyingMaterial.
  bool ExportKeyingMaterial(std::string_view label, std::optional<ByteView> context,
                            std::span<uint8_t> out) const;
  // Messages since it was established here.
  struct Traffic {
    uint64_t messages_sent = 0;
    uint64_t messages_received = 0;
    uint64_t bytes_sent = 0;
    uint64_t bytes_received = 0;
  };
  const Traffic& traffic() const { return traffic_; }
  size_t max_message_bytes() const;
  // The datagram that a message of so many bytes makes, once established.
  size_t DatagramBytes(size_t message_bytes) const {
    return records_ ? records_->SealedBytes(message_bytes) : 0;
  }
  // What the peer puts into its records, once established; empty when nothing was agreed on.
  ByteView connection_id() const { return records_ ? ByteView(records_->own_connection_id()) : ByteView(); }
  bool is_server() const { return role_ == Role::kServer; }
  // Whether the last Receive has verified a record, and whether one of them was newer than all before.
  bool received_verified() const { return received_verified_; }
  bool received_newest() const { return received_newest_; }

  // RFC 9853. Whether both sides understand the check of a new address.
  bool checks_paths() const { return records_ && records_->connection_ids().return_routability; }
  // False when OpenSSL fails, or the record numbers have run out.
  bool SendChallenge(const PathCookie& cookie, Destination to);
  // What the last Receive has brought in answer to one, if anything; it need not be true.
  const std::optional<PathMessage>& path_answer() const { return path_answer_; }
  Duration retransmit_timeout() const { return options_->handshake.retransmit_timeout; }

 private:
  enum class State : uint8_t { kNew, kHandshaking, kEstablished, kEnded };

  // What the peer may still ask for: the last flight, for as long as it may not have arrived (RFC 6347
  // section 4.2.4).
  struct LastFlight {
    PackedFlight flight;
    uint16_t mtu_bytes;
    uint32_t times_sent;
    TimePoint sent_at;
    TimePoint kept_until;
  };

  // Which limits of its keys it has reached, once established.
  struct KeyLimits {
    bool sealed = false;
    bool forged = false;
  };

  // Server: all that is there until the hello is whole and the application has answered.
  struct Reception {
    std::shared_ptr<const Context> context;
    std::optional<Bytes> connection_id;
    AeadPool* pool;
    std::optional<HelloGatherer> hello{};
    bool cookie_verified = false;
    std::shared_ptr<const TicketKeys> ticket_keys{};
    bool asked = false;
  };

  void Begin(TimePoint now);
  void FollowHello(TimePoint now);
  void CancelHandshake();
  void BeginHandshake(TimePoint now, std::shared_ptr<const Context> context, HandshakeOptions options);
  bool awaits_hello_answer() const {
    return state_ == State::kHandshaking && reception_ && reception_->asked;
  }
  void FollowHandshake(TimePoint now);
  void Establish(TimePoint now);
  void KeepLastFlight(TimePoint now, const SentFlight& sent);
  // `from`: where it has come from, and where it is answered.
  void ReceiveProtected(TimePoint now, ByteView datagram, Destination from);
  void OpenRecord(TimePoint now, const Record& record, Destination from);
  void NoteMessage(TimePoint now, size_t message_bytes);
  void ReceiveAlert(TimePoint now, ByteView body);
  void ReceiveHandshake(TimePoint now, ByteView body);
  void ReceivePathMessage(ByteView body, Destination from);
  KeyLimits key_limits() const;
  void TellKeyLimits(KeyLimits before);
  void End(CloseReason reason);
  void Fail(TimePoint now, Failure failure);

  const Handle handle_;
  const Role role_;
  State state_ = State::kNew;
  // Client: something has come from where the server is.
  bool answered_ = false;
  bool received_newest_ = false;
  bool received_verified_ = false;
  std::optional<PathMessage> path_answer_;
  ForgeryThrottle throttle_;
  const std::shared_ptr<const AssociationOptions> options_;
  Outbox* const outbox_;
  Counters* const counters_;

  TimePoint started_{};
  TimePoint last_message_{};

  // Gone once there is a handshake, and always gone on a client.
  std::unique_ptr<Reception> reception_;
  // Gone once established.
  std::unique_ptr<Handshake> handshake_;

  // There once established.
  std::optional<Records> records_;
  RecordSender sender_;
  std::optional<const Facts> facts_;
  std::unique_ptr<LastFlight> last_flight_;
  Traffic traffic_;
};

}  // namespace native_dtls
