// A client and a server, and between them a network that does what the input says: it drops, repeats, delays,
// cuts, changes and forges datagrams, moves the client, and lets time pass. Whatever it does, an association
// that is established lives on until one side closes it; and where both sides check new addresses, whoever
// forwards datagrams and receives nothing is not followed, and is sent no more than three times as much.
#include <cstdlib>
#include <deque>
#include <set>

#include "core/endpoint/endpoint.h"
#include "fuzz/credentials.h"
#include "fuzz/deterministic_random.h"
#include "fuzz/input.h"

using namespace native_dtls;

namespace {

// What both sides have beside Connection IDs: the bits of the second byte of an input whose first has its
// highest bit set.
struct Extras {
  explicit Extras(uint8_t bits)
      : certificates(bits & 1),
        client_certificate(bits & 2),
        sessions(bits & 4),
        small_datagrams(bits & 8),
        verdict_at_completion(bits & 0x10),
        alpn(bits & 0x20),
        psk(!certificates || (bits & 0x40)),
        scarce(bits & 0x80) {}

  const bool certificates;
  const bool client_certificate;
  const bool sessions;
  const bool small_datagrams;
  const bool verdict_at_completion;
  const bool alpn;
  const bool psk;
  // Little time, room for few, and a cookie secret that is renewed.
  const bool scarce;
};

std::shared_ptr<const AssociationOptions> Options(const Extras& extras,
                                                  std::optional<size_t> connection_id_bytes,
                                                  bool return_routability) {
  const auto options = std::make_shared<AssociationOptions>();
  HandshakeOptions& handshake = options->handshake;
  handshake.psk = extras.psk;
  handshake.certificates = extras.certificates;
  handshake.connection_id_bytes = connection_id_bytes;
  handshake.return_routability = return_routability;
  handshake.request_certificate = extras.certificates && extras.client_certificate;
  handshake.verify_at_completion = extras.verdict_at_completion;
  if (extras.sessions) handshake.session_timeout = std::chrono::hours(2);
  if (extras.small_datagrams) handshake.mtu_bytes = 256;
  if (extras.alpn) handshake.alpn_protocols = {4, 'c', 'o', 'a', 'p'};
  options->ask_hello = extras.alpn;
  if (extras.scarce) options->idle_timeout = std::chrono::milliseconds(500);
  return options;
}

Path PathOf(uint16_t port) {
  Path path;
  path.peer_port = port;
  return path;
}

class Network {
 public:
  // The bits of `mode`: whether the server, and whether the client, uses Connection IDs; whether each needs
  // one itself; whether each would check new addresses; whether the server's are made by the application.
  Network(uint8_t mode, Extras extras)
      : extras_(extras),
        context_(extras.certificates ? CertificateContext() : PlainContext()),
        supplies_((mode & 0x41) == 0x41 && (mode & 8) == 0),
        checks_((mode & 0x33) == 0x33),
        client_options_(
            Options(extras, mode & 2 ? std::optional<size_t>(mode & 4 ? 3 : 0) : std::nullopt, mode & 0x20)) {
    const auto server_id = mode & 1 ? std::optional<size_t>(mode & 8 ? 0 : kIdBytes) : std::nullopt;
    server_options_ = Options(extras, server_id, mode & 0x10);
    Listen();
    Connect();
  }

  void Run(Input input) {
    while (!input.empty()) Step(input);
  }

 private:
  static constexpr uint16_t kServerPort = 1;
  static constexpr size_t kIdBytes = 4;

  struct Question {
    Handle handle;
    EventKind kind;
  };

  struct Side {
    double counters[kCounterCount] = {};
    Endpoint endpoint{counters};
    std::deque<Bytes> incoming;
    std::set<Handle> established;
    std::deque<Question> asked;
    // The association that was begun or established last.
    Handle known = kNoHandle;
    bool has_failed = false;
    size_t spoofed_bytes = 0;
    size_t bytes_to_spoofer = 0;
  };

  enum Action : uint8_t {
    kDeliver,
    kDrop,
    kRepeat,
    kDelay,
    kCut,
    kChange,
    kForge,
    kWait,
    kAnswer,
    kMove,
    kSpoof,
    kSupply,
    kSave,
    kSend,
    kRestart,
    kClose,
    kPeerGone,
    kTicketKeys,
    kStopAndListen,
    kWaitLong,
    kCount
  };

  void Step(Input& input) {
    const uint8_t byte = input.Byte();
    const bool to_server = byte & 0x80;
    Side& to = to_server ? server_ : client_;
    Side& from = to_server ? client_ : server_;
    switch ((byte & 0x7f) % kCount) {
      case kDeliver:
        return Deliver(to, from);
      case kDrop:
        if (!to.incoming.empty()) to.incoming.pop_front();
        return;
      case kRepeat:
        if (!to.incoming.empty()) to.incoming.push_back(to.incoming.front());
        return Deliver(to, from);
      case kDelay:
        if (to.incoming.empty()) return;
        to.incoming.push_back(std::move(to.incoming.front()));
        return to.incoming.pop_front();
      case kCut:
        if (!to.incoming.empty()) to.incoming.front().resize(input.Byte() % (to.incoming.front().size() + 1));
        return;
      case kChange:
        return Change(to, input);
      case kForge:
        return Receive(to, from, input.Take(input.Byte()));
      case kWait:
        now_ += std::chrono::milliseconds(input.Byte());
        to.endpoint.HandleTimeout(now_);
        return Drain(to, from);
      case kAnswer:
        return Answer(to, from, input.Byte());
      case kMove:
        ++client_port_;
        return;
      case kSpoof:
        return Spoof(to, from);
      case kSupply:
        return Supply(input);
      case kSave:
        return Save(to);
      case kSend:
        return Send(to, from, input);
      case kRestart:
        return Restart();
      case kClose:
        return Close(to, from);
      case kPeerGone:
        if (to.known != kNoHandle) to.endpoint.NotePeerGone(now_, to.known);
        return Drain(to, from);
      case kTicketKeys:
        server_.endpoint.SetTicketKeys(Bytes(TicketKeys::kBytes, input.Byte()));
        return;
      case kStopAndListen:
        return StopAndListen();
      default:
        return WaitLong(input.Byte());
    }
  }

  void Listen() {
    ListenOptions options{.context = context_,
                          .association = server_options_,
                          .cookie_secret = Bytes(extras_.scarce ? 0 : 32, 1),
                          .supplied_connection_ids = supplies_};
    if (extras_.scarce) {
      options.max_connections = 4;
      options.max_pending_handshakes = 1;
      options.max_connections_per_host = 3;
    }
    server_.endpoint.Listen(std::move(options));
  }

  // Handshakes under way end; associations live on.
  void StopAndListen() {
    server_.endpoint.StopListening();
    Drain(server_, client_);
    Listen();
  }

  void Connect() {
    const Path path = PathOf(kServerPort);
    if (client_.endpoint.HasPath(path)) return;
    client_.known = client_.endpoint.Connect(context_, client_options_, path);
    client_.endpoint.Start(now_, client_.known, session_.view());
    Drain(client_, server_);
  }

  // The client begins anew, without a word if it was established, and with the session that it had.
  void Restart() {
    client_.endpoint.Abort(client_.known);
    client_.established.erase(client_.known);
    Drain(client_, server_);
    Connect();
  }

  // Both sides: until flights are given up, secrets renewed, sessions over.
  void WaitLong(uint8_t minutes) {
    now_ += std::chrono::minutes(minutes);
    client_.endpoint.HandleTimeout(now_);
    Drain(client_, server_);
    server_.endpoint.HandleTimeout(now_);
    Drain(server_, client_);
  }

  void Close(Side& to, Side& from) {
    if (to.established.empty()) return;
    to.endpoint.Shutdown(*to.established.begin());
    Drain(to, from);
  }

  void KeepSession(Handle handle) {
    const Association* association = client_.endpoint.Find(handle);
    if (!extras_.sessions || association == nullptr || association->facts() == nullptr) return;
    session_ = Secret(association->facts()->extras().client_session.view());
  }

  void Change(Side& to, Input& input) {
    if (to.incoming.empty() || to.incoming.front().empty()) return;
    Bytes& datagram = to.incoming.front();
    // What lies behind the first bytes of a long one is found in steps of many.
    const size_t at = input.Byte() * (datagram.size() > 256 ? datagram.size() / 256 : 1);
    datagram[at % datagram.size()] ^= input.Byte();
  }

  void Deliver(Side& to, Side& from) {
    if (to.incoming.empty()) return;
    const Bytes datagram = std::move(to.incoming.front());
    to.incoming.pop_front();
    Receive(to, from, datagram);
  }

  void Receive(Side& to, Side& from, ByteView datagram) {
    to.endpoint.Receive(now_, PathOf(&to == &server_ ? client_port_ : kServerPort), datagram);
    Drain(to, from);
  }

  // Whoever forwards a datagram from another place receives nothing.
  void Spoof(Side& to, Side& from) {
    if (to.incoming.empty()) return;
    const Bytes datagram = to.incoming.front();
    to.spoofed_bytes += datagram.size();
    spoofing_ = true;
    to.endpoint.Receive(now_, PathOf(kSpooferPort), datagram);
    Drain(to, from);
    spoofing_ = false;
  }

  // Now and then one that is in use, and one of another length.
  void Supply(Input& input) {
    const uint8_t last = input.Byte();
    Bytes id(last % 16 == 0 ? kIdBytes + 1 : kIdBytes, 0);
    id.back() = last % 32;
    const bool good = supplies_ && id.size() == kIdBytes;
    if (server_.endpoint.SupplyConnectionId(id) && !good) std::abort();
  }

  void Save(Side& side) {
    if (side.established.empty()) return;
    const auto all = side.endpoint.Established();
    if (std::set<Handle>(all.begin(), all.end()) != side.established) std::abort();
    const Handle handle = *side.established.begin();
    const Bytes key(SavedAssociation::kKeyBytes, 2);
    const auto saved = side.endpoint.Export(std::array{handle}, key, WallTime(0), WallTime(1000));
    if (saved.size() != 1) std::abort();
    side.established.erase(handle);
    const Role role = &side == &server_ ? Role::kServer : Role::kClient;
    const auto restored = side.endpoint.Import(now_, WallTime(0), role, Options(extras_, std::nullopt, false),
                                               std::array{ByteView(saved[0])}, key);
    // Meanwhile another association may have come to its address.
    if (const auto* handles = std::get_if<std::vector<Handle>>(&restored)) {
      side.established.insert(handles->front());
    }
  }

  void Answer(Side& to, Side& from, uint8_t answer) {
    if (to.asked.empty()) return;
    const Question question = to.asked.front();
    to.asked.pop_front();
    // Now and then no.
    const bool yes = answer % 8 != 0;
    if (question.kind == EventKind::kHelloReceived && yes) {
      to.endpoint.AnswerHello(now_, question.handle, answer & 0x10 ? context_ : nullptr, std::nullopt);
    } else if (question.kind == EventKind::kHelloReceived) {
      to.endpoint.RefuseHello(now_, question.handle, static_cast<Alert>(answer));
    } else if (question.kind == EventKind::kCertificateReceived) {
      to.endpoint.AnswerCertificate(now_, question.handle, yes);
    } else {
      const uint8_t psk[] = {1, 2, 3, 4};
      to.endpoint.AnswerPsk(now_, question.handle, psk, yes ? std::optional(ByteView(psk)) : std::nullopt);
    }
    Drain(to, from);
  }

  void Send(Side& to, Side& from, Input& input) {
    if (to.established.empty()) return;
    const Handle handle = *to.established.begin();
    to.endpoint.Send(handle, input.Take(input.Byte()));
    Drain(to, from);
  }

  void Drain(Side& side, Side& other) {
    const Outbox& outbox = side.endpoint.outbox();
    for (const auto& datagram : outbox.datagrams()) {
      const bool to_sender = datagram.to == Destination::kSender || datagram.handle == kNoHandle;
      if (to_sender ? spoofing_ : GoesToSpoofer(side, datagram)) continue;
      other.incoming.push_back(CopyOf(outbox.BytesAt(datagram.offset, datagram.size)));
    }
    std::vector<Handle> moved;
    for (const Event& event : outbox.events()) {
      if (event.kind == EventKind::kAddressChanged) {
        if (checks_ && side.endpoint.CandidateOf(event.handle)->peer_port == kSpooferPort) std::abort();
        moved.push_back(event.handle);
      }
      if (event.kind == EventKind::kHelloReceived || event.kind == EventKind::kPskRequired ||
          event.kind == EventKind::kCertificateReceived) {
        side.asked.push_back({event.handle, event.kind});
      }
      if (event.kind == EventKind::kEstablished) {
        side.established.insert(event.handle);
        side.known = event.handle;
        if (&side == &client_) KeepSession(event.handle);
      }
    }
    for (const Event& event : outbox.ends()) {
      if (event.kind == EventKind::kFailed) {
        // A server is established before its client, which may yet find that the ticket was changed on its
        // way.
        const bool told = event.failure->kind == ErrorKind::kAlertReceived && other.has_failed;
        if (side.established.contains(event.handle) && !told) std::abort();
        side.has_failed = true;
      }
      side.established.erase(event.handle);
    }
    for (const Handle handle : moved) side.endpoint.AnswerAddress(handle, true);
  }

  bool GoesToSpoofer(Side& side, const Outbox::Datagram& datagram) {
    const bool to_candidate = datagram.to == Destination::kCandidate;
    const Path* to =
        to_candidate ? side.endpoint.CandidateOf(datagram.handle) : side.endpoint.PathOf(datagram.handle);
    if (to == nullptr) std::abort();
    if (to->peer_port != kSpooferPort) return false;
    side.bytes_to_spoofer += datagram.size;
    if (checks_ && side.bytes_to_spoofer > 3 * side.spoofed_bytes) std::abort();
    return true;
  }

  static constexpr uint16_t kSpooferPort = 60000;

  const Extras extras_;
  const std::shared_ptr<const Context> context_;
  const bool supplies_;
  // Both sides check new addresses.
  const bool checks_;
  const std::shared_ptr<const AssociationOptions> client_options_;
  std::shared_ptr<const AssociationOptions> server_options_;
  // What the client resumes, if anything.
  Secret session_;
  bool spoofing_ = false;
  uint16_t client_port_ = 2;
  TimePoint now_{};
  Side client_;
  Side server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CertificateContext();
  RestartRandom();
  Input input(data, size);
  const uint8_t mode = input.Byte();
  Network(mode, Extras(mode & 0x80 ? input.Byte() : 0)).Run(input);
  return 0;
}
