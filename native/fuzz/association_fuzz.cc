// A client and a server, and between them a network that does what the input says: it drops, repeats, delays,
// cuts, changes and forges datagrams, and lets time pass. Whatever it does, an association that is
// established lives on until one side closes it.
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

std::shared_ptr<const AssociationOptions> Options(std::optional<size_t> connection_id_bytes) {
  const auto options = std::make_shared<AssociationOptions>();
  options->handshake.psk = true;
  options->handshake.certificates = false;
  options->handshake.connection_id_bytes = connection_id_bytes;
  return options;
}

Path PathOf(uint16_t port) {
  Path path;
  path.peer_port = port;
  return path;
}

class Network {
 public:
  // The low bits of `mode`: whether the server, and whether the client, gives out Connection IDs.
  explicit Network(uint8_t mode) {
    const auto server_id = mode & 1 ? std::optional<size_t>(4) : std::nullopt;
    const auto client_id = mode & 2 ? std::optional<size_t>(mode & 4 ? 3 : 0) : std::nullopt;
    server_.endpoint.Listen(
        {.context = SharedContext(), .association = Options(server_id), .cookie_secret = Bytes(32, 1)});
    const Handle handle = client_.endpoint.Connect(SharedContext(), Options(client_id), PathOf(kServerPort));
    client_.endpoint.Start(now_, handle);
    Drain(client_, server_);
  }

  void Run(Input input) {
    while (!input.empty()) Step(input);
  }

 private:
  static constexpr uint16_t kServerPort = 1;

  struct Side {
    double counters[kCounterCount] = {};
    Endpoint endpoint{counters};
    std::deque<Bytes> incoming;
    std::set<Handle> established;
    std::deque<Handle> asked;
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
      other.incoming.push_back(CopyOf(outbox.BytesAt(datagram.offset, datagram.size)));
    }
    std::vector<Handle> moved;
    for (const Event& event : outbox.events()) {
      if (event.kind == EventKind::kAddressChanged) moved.push_back(event.handle);
      if (event.kind == EventKind::kPskRequired) side.asked.push_back(event.handle);
      if (event.kind == EventKind::kEstablished) side.established.insert(event.handle);
    }
    for (const Event& event : outbox.ends()) {
      if (event.kind == EventKind::kFailed && side.established.contains(event.handle)) std::abort();
      side.established.erase(event.handle);
    }
    for (const Handle handle : moved) side.endpoint.AnswerAddress(handle, true);
  }

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
