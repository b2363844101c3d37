// A client and a server, and between them a network that does what the input says: it drops, repeats, delays,
// cuts, changes and forges datagrams, moves the client, and lets time pass. Whatever it does, an association
// that is established lives on until one side closes it; and where both sides check new addresses, whoever
// forwards datagrams and receives nothing is not followed, and is sent no more than three times as much.
#include <cstdlib>
#include <deque>
#include <set>

#include "core/endpoint/endpoint.h"

using namespace native_dtls;

namespace {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}
  bool empty() const { return rest_.empty(); }
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  ByteView Take(size_t size) {
    const ByteView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  ByteView rest_;
};

std::shared_ptr<const Context> SharedContext() {
  static const auto context = std::get<std::shared_ptr<const Context>>(Context::Create({}));
  return context;
}

std::shared_ptr<const AssociationOptions> Options(std::optional<size_t> connection_id_bytes,
                                                  bool return_routability) {
  const auto options = std::make_shared<AssociationOptions>();
  options->handshake.psk = true;
  options->handshake.certificates = false;
  options->handshake.connection_id_bytes = connection_id_bytes;
  options->handshake.return_routability = return_routability;
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
  explicit Network(uint8_t mode)
      : supplies_((mode & 0x41) == 0x41 && (mode & 8) == 0), checks_((mode & 0x33) == 0x33) {
    const auto server_id = mode & 1 ? std::optional<size_t>(mode & 8 ? 0 : kIdBytes) : std::nullopt;
    const auto client_id = mode & 2 ? std::optional<size_t>(mode & 4 ? 3 : 0) : std::nullopt;
    server_.endpoint.Listen({.context = SharedContext(),
                             .association = Options(server_id, mode & 0x10),
                             .cookie_secret = Bytes(32, 1),
                             .supplied_connection_ids = supplies_});
    const Handle handle =
        client_.endpoint.Connect(SharedContext(), Options(client_id, mode & 0x20), PathOf(kServerPort));
    client_.endpoint.Start(now_, handle);
    Drain(client_, server_);
  }

  void Run(Input input) {
    while (!input.empty()) Step(input);
  }

 private:
  static constexpr uint16_t kServerPort = 1;
  static constexpr size_t kIdBytes = 4;

  struct Side {
    double counters[kCounterCount] = {};
    Endpoint endpoint{counters};
    std::deque<Bytes> incoming;
    std::set<Handle> established;
    std::deque<Handle> asked;
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
      default:
        return Send(to, from, input);
    }
  }

  void Change(Side& to, Input& input) {
    if (to.incoming.empty() || to.incoming.front().empty()) return;
    Bytes& datagram = to.incoming.front();
    datagram[input.Byte() % datagram.size()] ^= input.Byte();
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
    const Handle handle = *side.established.begin();
    const Bytes key(SavedAssociation::kKeyBytes, 2);
    const auto saved = side.endpoint.Export(std::array{handle}, key, WallTime(0), WallTime(1000));
    if (saved.size() != 1) std::abort();
    side.established.erase(handle);
    const Role role = &side == &server_ ? Role::kServer : Role::kClient;
    const auto restored = side.endpoint.Import(now_, WallTime(0), role, Options(std::nullopt, false),
                                               std::array{ByteView(saved[0])}, key);
    // Meanwhile another association may have come to its address.
    if (const auto* handles = std::get_if<std::vector<Handle>>(&restored)) {
      side.established.insert(handles->front());
    }
  }

  void Answer(Side& to, Side& from, uint8_t key) {
    if (to.asked.empty()) return;
    const uint8_t psk[] = {1, 2, 3, 4};
    const Handle handle = to.asked.front();
    to.asked.pop_front();
    // Now and then no key.
    const auto answer = key % 8 == 0 ? std::nullopt : std::optional(ByteView(psk));
    to.endpoint.AnswerPsk(now_, handle, psk, answer);
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
      if (event.kind == EventKind::kPskRequired) side.asked.push_back(event.handle);
      if (event.kind == EventKind::kEstablished) side.established.insert(event.handle);
    }
    for (const Event& event : outbox.ends()) {
      if (event.kind == EventKind::kFailed && side.established.contains(event.handle)) std::abort();
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

  const bool supplies_;
  // Both sides check new addresses.
  const bool checks_;
  bool spoofing_ = false;
  uint16_t client_port_ = 2;
  TimePoint now_{};
  Side client_;
  Side server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Network(input.Byte()).Run(input);
  return 0;
}
