// What the core asks of the allocator while messages pass through an established association: both ends in
// one process, operator new replaced and OpenSSL's allocator with it. Prints one line of JSON: how often
// memory was asked for in the handshake (so that it can be seen that the counting works), and in MESSAGES
// calls of Endpoint::Send and as many of Endpoint::Receive.
//
// allocations CIPHERS CONNECTION_ID_BYTES MESSAGES     CONNECTION_ID_BYTES: what both sides want; 0: none
#include <openssl/crypto.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "core/endpoint/endpoint.h"

namespace {

size_t allocations = 0;

void* Allocate(size_t bytes) {
  ++allocations;
  return std::malloc(bytes > 0 ? bytes : 1);
}

void* OpenSslAllocate(size_t bytes, const char*, int) { return bytes == 0 ? nullptr : Allocate(bytes); }

void* OpenSslReallocate(void* memory, size_t bytes, const char*, int) {
  ++allocations;
  return std::realloc(memory, bytes);
}

void OpenSslFree(void* memory, const char*, int) { std::free(memory); }

}  // namespace

void* operator new(size_t bytes) {
  void* memory = Allocate(bytes);
  if (memory == nullptr) std::abort();
  return memory;
}
void* operator new[](size_t bytes) { return operator new(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

using namespace native_dtls;

namespace {

constexpr size_t kMessageBytes = 100;
constexpr size_t kWarmUp = 300;

[[noreturn]] void Give(const char* reason) {
  std::fprintf(stderr, "%s\n", reason);
  std::exit(1);
}

struct End {
  double counters[kCounterCount] = {};
  Endpoint endpoint{counters};
  Handle handle = kNoHandle;
  size_t messages = 0;
};

class Pair {
 public:
  Pair(const char* ciphers, size_t connection_id_bytes) {
    ContextOptions options;
    options.ciphers = ciphers;
    auto made = Context::Create(options);
    if (!std::holds_alternative<std::shared_ptr<const Context>>(made)) Give("no context for these ciphers");
    const auto context = std::get<std::shared_ptr<const Context>>(made);
    auto association = std::make_shared<AssociationOptions>();
    association->handshake.psk = true;
    association->handshake.certificates = false;
    if (connection_id_bytes > 0) association->handshake.connection_id_bytes = connection_id_bytes;
    association->idle_timeout = std::chrono::seconds(60);
    server_.endpoint.Listen({.context = context, .association = association, .cookie_secret = Bytes(32, 1)});
    client_.handle = client_.endpoint.Connect(context, association, At(1));
    client_.endpoint.Start(now_, client_.handle);
    Deliver(client_, server_);
    if (server_.handle == kNoHandle) Give("the handshake was not completed");
  }

  // So many messages each way; how often memory was asked for while they were sent, and received.
  void Exchange(size_t count, size_t& sending, size_t& receiving) {
    for (size_t i = 0; i < count; ++i) {
      Pass(client_, server_, sending, receiving);
      Pass(server_, client_, sending, receiving);
    }
  }

  size_t messages() const { return client_.messages + server_.messages; }

 private:
  static Path At(uint16_t port) {
    Path path;
    path.peer_port = port;
    return path;
  }

  Path From(const End& from) const { return At(&from == &client_ ? 2 : 1); }

  void Pass(End& from, End& to, size_t& sending, size_t& receiving) {
    now_ += std::chrono::milliseconds(1);
    size_t before = allocations;
    if (from.endpoint.Send(from.handle, message_) != Association::SendResult::kSent) Give("not sent");
    sending += allocations - before;
    const Outbox& outbox = from.endpoint.outbox();
    const auto& datagram = outbox.datagrams().back();
    const size_t bytes = datagram.size;
    std::ranges::copy(outbox.BytesAt(datagram.offset, bytes), wire_.begin());
    before = allocations;
    to.endpoint.Receive(now_, From(from), ByteView(wire_).first(bytes));
    receiving += allocations - before;
    for (const auto& message : to.endpoint.outbox().messages()) {
      to.messages += SameBytes(to.endpoint.outbox().BytesAt(message.offset, message.size), message_);
    }
  }

  void Deliver(End& from, End& to) {
    std::vector<Bytes> datagrams;
    std::vector<Handle> asked;
    const Outbox& outbox = from.endpoint.outbox();
    for (const auto& datagram : outbox.datagrams()) {
      datagrams.push_back(CopyOf(outbox.BytesAt(datagram.offset, datagram.size)));
    }
    for (const Event& event : outbox.events()) {
      if (event.kind == EventKind::kPskRequired) asked.push_back(event.handle);
      if (event.kind == EventKind::kEstablished) from.handle = event.handle;
    }
    for (const Bytes& datagram : datagrams) {
      to.endpoint.Receive(now_, From(from), datagram);
      Deliver(to, from);
    }
    for (const Handle handle : asked) {
      from.endpoint.AnswerPsk(now_, handle, identity_, ByteView(key_));
      Deliver(from, to);
    }
  }

  const Bytes message_ = Bytes(kMessageBytes, 'm');
  const Bytes identity_ = Bytes(4, 'i');
  const Bytes key_ = Bytes(16, 'k');
  Bytes wire_ = Bytes(2048);
  TimePoint now_{};
  End client_;
  End server_;
};

}  // namespace

int main(int count, char** values) {
  if (CRYPTO_set_mem_functions(OpenSslAllocate, OpenSslReallocate, OpenSslFree) != 1) {
    Give("OpenSSL keeps its own allocator");
  }
  if (count != 4) Give("usage: allocations CIPHERS CONNECTION_ID_BYTES MESSAGES");
  const size_t messages = std::strtoul(values[3], nullptr, 10);
  Pair pair(values[1], std::strtoul(values[2], nullptr, 10));
  const size_t handshake = allocations;
  size_t sending = 0, receiving = 0;
  pair.Exchange(kWarmUp, sending, receiving);
  sending = receiving = 0;
  pair.Exchange(messages, sending, receiving);
  if (pair.messages() != 2 * (kWarmUp + messages)) Give("messages were lost");
  std::printf("{\"handshake\":%zu,\"sending\":%zu,\"receiving\":%zu}\n", handshake, sending, receiving);
  return 0;
}
