#include "core/endpoint/endpoint.h"

#include <openssl/rand.h>

namespace native_dtls {

namespace {

uint64_t RandomSeed() {
  uint64_t seed = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof(seed));
  return seed;
}

}  // namespace

Endpoint::Endpoint(std::span<double, kCounterCount> counters)
    : counters_(counters), by_path_(0, PathHash(RandomSeed())) {}

void Endpoint::Listen(ListenOptions options) {
  CookieGate gate(options.cookie_secret);
  listening_.emplace(Listening{std::move(options), std::move(gate)});
}

Handle Endpoint::Connect(std::shared_ptr<const Context> context,
                         std::shared_ptr<const AssociationOptions> options, const Path& path) {
  BeginCall();
  const Slot* slot = Create(Role::kClient, std::move(context), std::move(options), path);
  return slot == nullptr ? kNoHandle : slot->association->handle();
}

void Endpoint::Start(TimePoint now, Handle handle) {
  BeginCall();
  if (Slot* slot = Living(handle)) {
    slot->association->Start(now);
    Settle(*slot);
  }
  EndCall();
}

void Endpoint::Receive(TimePoint now, const Path& path, ByteView datagram) {
  BeginCall();
  counters_.Add(Counter::kDatagramsReceived);
  counters_.Add(Counter::kBytesReceived, static_cast<double>(datagram.size()));
  const auto found = by_path_.find(path);
  Slot* slot = found == by_path_.end() ? nullptr : Living(found->second);
  if (slot == nullptr || BeginsAnotherHandshake(*slot, datagram)) {
    ReceiveFromStranger(now, path, datagram);
  } else {
    slot->association->Receive(now, datagram);
    Settle(*slot);
  }
  EndCall();
}

void Endpoint::HandleTimeout(TimePoint now) {
  BeginCall();
  for (int i = 0; i < kMaxTimeoutsPerCall && deadline() <= now; ++i) {
    const DeadlineHeap::Entry entry = deadlines_.top();
    deadlines_.Pop();
    if (Overtaken(entry)) continue;
    Slot* slot = Living(entry.handle);
    slot->scheduled = kNever;
    slot->association->HandleTimeout(now);
    Settle(*slot);
  }
  EndCall();
}

Association::SendResult Endpoint::Send(Handle handle, ByteView message) {
  BeginCall();
  Slot* slot = Living(handle);
  if (slot == nullptr) return Association::SendResult::kNotEstablished;
  const auto result = slot->association->Send(message);
  EndCall();
  return result;
}

void Endpoint::Shutdown(Handle handle) {
  BeginCall();
  if (Slot* slot = Living(handle)) {
    slot->association->Shutdown();
    Settle(*slot);
  }
  EndCall();
}

void Endpoint::Abort(Handle handle) {
  BeginCall();
  if (Slot* slot = Living(handle)) {
    slot->association->Abort(CloseReason::kLocal, true);
    Settle(*slot);
  }
  EndCall();
}

void Endpoint::AnswerPsk(TimePoint now, Handle handle, ByteView identity, std::optional<ByteView> key) {
  BeginCall();
  if (Slot* slot = Living(handle)) {
    slot->association->AnswerPsk(now, identity, key);
    Settle(*slot);
  }
  EndCall();
}

void Endpoint::AnswerCertificate(TimePoint now, Handle handle, bool accept) {
  BeginCall();
  if (Slot* slot = Living(handle)) {
    slot->association->AnswerCertificate(now, accept);
    Settle(*slot);
  }
  EndCall();
}

const Association* Endpoint::Find(Handle handle) const {
  const Slot* slot = SlotOf(handle);
  return slot == nullptr ? nullptr : slot->association.get();
}

const Path* Endpoint::PathOf(Handle handle) const {
  const Slot* slot = SlotOf(handle);
  return slot == nullptr ? nullptr : &slot->path;
}

void Endpoint::BeginCall() {
  outbox_.Clear();
  for (const Handle handle : ended_) {
    slots_[SlotIndex(handle)]->association.reset();
    free_slots_.push_back(SlotIndex(handle));
  }
  ended_.clear();
}

void Endpoint::EndCall() {
  double bytes = 0;
  for (const auto& datagram : outbox_.datagrams()) bytes += static_cast<double>(datagram.size);
  counters_.Add(Counter::kDatagramsSent, static_cast<double>(outbox_.datagrams().size()));
  counters_.Add(Counter::kBytesSent, bytes);
  // So that the deadline that is asked for next is somebody's.
  while (!deadlines_.empty() && Overtaken(deadlines_.top())) deadlines_.Pop();
}

bool Endpoint::Overtaken(const DeadlineHeap::Entry& entry) {
  const Slot* slot = Living(entry.handle);
  return slot == nullptr || slot->scheduled != entry.deadline;
}

const Endpoint::Slot* Endpoint::SlotOf(Handle handle) const {
  const uint32_t index = SlotIndex(handle);
  if (index >= slots_.size()) return nullptr;
  const Slot& slot = *slots_[index];
  return slot.association && slot.generation == GenerationOf(handle) ? &slot : nullptr;
}

Endpoint::Slot* Endpoint::Living(Handle handle) {
  auto* slot = const_cast<Slot*>(SlotOf(handle));
  return slot != nullptr && !slot->association->ended() ? slot : nullptr;
}

Endpoint::Slot* Endpoint::Create(Role role, std::shared_ptr<const Context> context,
                                 std::shared_ptr<const AssociationOptions> options, const Path& path) {
  if (free_slots_.empty()) {
    if (slots_.size() >= kMaxSlots) return nullptr;
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.push_back(std::make_unique<Slot>());
  }
  const uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = *slots_[index];
  // Generation 0 is never used, so no handle is 0.
  const uint32_t generation = slot.generation >= kMaxGeneration ? 1 : slot.generation + 1;
  const Handle handle = MakeHandle(index, generation);
  slot = Slot{.generation = generation, .path = path};
  slot.association = std::make_unique<Association>(handle, role, std::move(context), std::move(options),
                                                   &outbox_, &counters_, &pool_);
  by_path_[path] = handle;
  return &slot;
}

// After anything that may have ended the association or moved its deadline.
void Endpoint::Settle(Slot& slot) {
  const Association& association = *slot.association;
  if (slot.pending_hello && (association.established() || association.ended())) {
    slot.pending_hello.reset();
    --pending_handshakes_;
  }
  if (association.ended()) {
    by_path_.erase(slot.path);
    ended_.push_back(association.handle());
    return;
  }
  const TimePoint deadline = association.deadline();
  if (deadline < slot.scheduled) {
    slot.scheduled = deadline;
    deadlines_.Push({deadline, association.handle()});
  }
}

// A client that has started anew before its handshake was done. Its new hello must prove itself like a
// stranger's; a repetition of the hello that began the handshake belongs to the handshake.
bool Endpoint::BeginsAnotherHandshake(const Slot& slot, ByteView datagram) const {
  if (!slot.pending_hello || !listening_) return false;
  const auto hello = ParseClientHello(datagram);
  return hello && !SameBytes(hello->random, *slot.pending_hello);
}

void Endpoint::ReceiveFromStranger(TimePoint now, const Path& path, ByteView datagram) {
  if (!listening_) return counters_.Add(Counter::kDroppedUnknownPeer);
  if (!listening_->options.cookies) {
    const auto hello = ParseClientHello(datagram);
    if (!hello) return counters_.Add(Counter::kDroppedUnknownPeer);
    return AcceptClient(now, path, datagram, *hello, false);
  }
  const auto judgement = listening_->gate.Judge(now, path, datagram);
  if (const auto* reply = std::get_if<CookieGate::Reply>(&judgement)) {
    counters_.Add(Counter::kHelloVerifyRequestsSent);
    if (reply->cookie_refused) counters_.Add(Counter::kCookiesRefused);
    outbox_.AddDatagram(kNoHandle, reply->datagram);
  } else if (const auto* verified = std::get_if<CookieGate::Verified>(&judgement)) {
    counters_.Add(Counter::kCookiesAccepted);
    AcceptClient(now, path, datagram, verified->hello, true);
  } else {
    counters_.Add(Counter::kDroppedUnknownPeer);
  }
}

void Endpoint::AcceptClient(TimePoint now, const Path& path, ByteView datagram, const ClientHello& hello,
                            bool cookie_verified) {
  if (const auto found = by_path_.find(path); found != by_path_.end()) {
    // Without a cookie nobody has shown that the new hello comes from where it says.
    if (!cookie_verified) return counters_.Add(Counter::kDroppedUnexpected);
    Slot* old = Living(found->second);
    old->association->Abort(CloseReason::kSuperseded, false);
    Settle(*old);
  }
  const ListenOptions& options = listening_->options;
  if (by_path_.size() >= options.max_connections || pending_handshakes_ >= options.max_pending_handshakes) {
    return counters_.Add(Counter::kDroppedLimit);
  }
  Slot* slot = Create(Role::kServer, options.context, options.association, path);
  if (slot == nullptr) return counters_.Add(Counter::kDroppedLimit);
  std::ranges::copy(hello.random, slot->pending_hello.emplace().begin());
  ++pending_handshakes_;
  slot->association->Accept(now, datagram, cookie_verified);
  Settle(*slot);
}

}  // namespace native_dtls
