// How many bytes the core keeps for an established server association: both ends in one process, no sockets,
// and the allocator asked (mallinfo2) before and after. Prints one line of JSON.
//
// native_memory N [BYTES]     BYTES: Connection ID of that length
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "core/endpoint/endpoint.h"

using namespace native_dtls;

namespace {

constexpr const char* kCiphers = "PSK-AES128-GCM-SHA256";

std::shared_ptr<const Context> MakeContext() {
  ContextOptions options;
  options.ciphers = kCiphers;
  return std::get<std::shared_ptr<const Context>>(Context::Create(options));
}

std::shared_ptr<const Context> SharedContext() {
  static const auto context = MakeContext();
  return context;
}

std::shared_ptr<const AssociationOptions> Options(std::optional<size_t> connection_id_bytes) {
  auto options = std::make_shared<AssociationOptions>();
  options->handshake.psk = true;
  options->handshake.certificates = false;
  options->handshake.connection_id_bytes = connection_id_bytes;
  return options;
}

double BytesInUse() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

double ResidentBytes() {
  double pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

struct Weight {
  double in_use;
  double resident;
};

Path PeerOf(uint32_t number) {
  Path path;
  path.peer_address[10] = path.peer_address[11] = 0xff;
  for (size_t i = 0; i < 4; ++i) path.peer_address[12 + i] = static_cast<uint8_t>(number >> (24 - 8 * i));
  path.peer_port = 5684;
  return path;
}

// One server, and one client after the other; each client goes as soon as it is established.
class Pair {
 public:
  Pair(size_t connection_id_bytes, bool speak) : speak_(speak) {
    const bool ids = connection_id_bytes > 0;
    server_.Listen({.context = SharedContext(),
                    .association = Options(ids ? std::optional(connection_id_bytes) : std::nullopt),
                    .cookie_secret = Bytes(32, 1),
                    .max_connections = kMaxSlots});
    client_options_ = Options(ids ? std::optional<size_t>(0) : std::nullopt);
  }

  bool Join(uint32_t number) {
    const Path peer = PeerOf(number);
    const Handle client = client_.Connect(SharedContext(), client_options_, PeerOf(0));
    client_.Start(now_, client);
    Carry(client_, server_, peer);
    if (!client_.Find(client)->established()) return false;
    if (speak_) {
      client_.Send(client, Bytes(16, 'm'));
      Carry(client_, server_, peer);
    }
    client_.Abort(client);
    now_ += std::chrono::milliseconds(1);
    server_.HandleTimeout(now_);
    return true;
  }

 private:
  void Carry(Endpoint& from, Endpoint& to, const Path& peer) {
    std::vector<Bytes> datagrams;
    std::vector<Handle> asked;
    const Outbox& outbox = from.outbox();
    for (const auto& datagram : outbox.datagrams()) {
      datagrams.push_back(CopyOf(outbox.BytesAt(datagram.offset, datagram.size)));
    }
    for (const Event& event : outbox.events()) {
      if (event.kind == EventKind::kPskRequired) asked.push_back(event.handle);
    }
    for (const Bytes& datagram : datagrams) {
      to.Receive(now_, &to == &server_ ? peer : PeerOf(0), datagram);
      Carry(to, from, peer);
    }
    const uint8_t key[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    const uint8_t identity[] = {'f', 'i', 'l', 'l'};
    for (const Handle handle : asked) {
      from.AnswerPsk(now_, handle, identity, ByteView(key));
      Carry(from, to, peer);
    }
  }

  TimePoint now_{};
  bool speak_;
  double client_counters_[kCounterCount] = {};
  double server_counters_[kCounterCount] = {};
  Endpoint client_{client_counters_};
  Endpoint server_{server_counters_};
  std::shared_ptr<const AssociationOptions> client_options_;
};

Weight WeighAssociation(uint32_t count, size_t connection_id_bytes, bool speak) {
  // What is paid once is paid by the first few.
  constexpr uint32_t kWarmUp = 1000;
  Pair pair(connection_id_bytes, speak);
  Weight before{};
  for (uint32_t i = 0; i < kWarmUp + count; ++i) {
    if (i == kWarmUp) before = {BytesInUse(), ResidentBytes()};
    if (!pair.Join(0x0a000000 + i)) {
      std::fprintf(stderr, "a handshake was not completed\n");
      std::exit(1);
    }
  }
  return {(BytesInUse() - before.in_use) / count, (ResidentBytes() - before.resident) / count};
}

}  // namespace

int main(int count, char** values) {
  const auto associations = static_cast<uint32_t>(count > 1 ? std::strtoul(values[1], nullptr, 10) : 20'000);
  const size_t connection_id_bytes = count > 2 ? std::strtoul(values[2], nullptr, 10) : 0;
  const Weight idle = WeighAssociation(associations, connection_id_bytes, true);
  const Weight fresh = WeighAssociation(associations, connection_id_bytes, false);
  std::printf(
      "{\"associations\":%u,\"connectionIdBytes\":%zu,\"idleBytes\":%.1f,\"freshBytes\":%.1f,"
      "\"idleResidentBytes\":%.1f}\n",
      associations, connection_id_bytes, idle.in_use, fresh.in_use, idle.resident);
  return 0;
}
