#include "core/endpoint/endpoint.h"

#include <openssl/rand.h>

#include "core/base/free_memory.h"

namespace native_dtls {

namespace {

// A client that is in the midst of a handshake has said something, or will say it again, within this.
constexpr Duration kSilentBeforeGivingWay = std::chrono::seconds(1);

bool IsCleartext(ByteView datagram) {
  const auto record = TakeRecord(datagram);
  return record && record->header.epoch == 0;
}

uint64_t RandomSeed() {
  uint64_t seed = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof(seed));
  return seed;
}

}  // namespace

Endpoint::Endpoint(std::span<double, kCounterCount> counters)
    : counters_(counters), hash_path_(RandomSeed()), challengers_(0, hash_path_), pending_(hash_path_) {}

void Endpoint::Listen(ListenOptions options) {
  connection_ids_.Decide(options.association->handshake.connection_id_bytes.value_or(0));
  CookieGate gate(options.cookie_secret);
  TicketKeyRing ticket_keys(options.ticket_keys.view(), options.association->handshake.session_timeout);
  listening_.emplace(Listening{std::move(options), std::move(gate), std::move(ticket_keys)});
  CountHosts();
}

void Endpoint::Reconfigure(std::shared_ptr<const Context> context,
                           std::shared_ptr<const AssociationOptions> association) {
  if (!listening_) return;
  listening_->options.context = std::move(context);
  listening_->options.association = std::move(association);
}

void Endpoint::CountHosts() {
  by_host_.reset();
  if (listening_->options.max_connections_per_host == 0) return;
  by_host_.emplace(hash_path_);
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.association && slot.association->is_server() && !slot.association->ended())
      by_host_->Add(slot.path);
  }
}

bool Endpoint::SetTicketKeys(ByteView keys) {
  if (!listening_ || keys.size() != TicketKeys::kBytes) return false;
  listening_->ticket_keys.Set(keys);
  return true;
}

ByteView Endpoint::TicketKeysAt(TimePoint now) {
  const auto keys = listening_ ? listening_->ticket_keys.KeysAt(now) : nullptr;
  return keys ? keys->current() : ByteView();
}

// A handshake that a client has begun here cannot be completed by anybody else: nobody would take the
// association.
void Endpoint::StopListening() {
  BeginCall();
  listening_.reset();
  connection_ids_.ForgetSupplied();
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (!slot.pending_hello || !slot.association) continue;
    slot.association->Abort(CloseReason::kLocal, true);
    Settle(slot);
  }
  EndCall();
}

bool Endpoint::SupplyConnectionId(ByteView id) {
  return listening_ && listening_->options.supplied_connection_ids && connection_ids_.Supply(id);
}

Handle Endpoint::Connect(std::shared_ptr<const Context> context,
                         std::shared_ptr<const AssociationOptions> options, const Path& path) {
  BeginCall();
  const Slot* slot = Create(Role::kClient, std::move(context), std::move(options), path, IdSource::kRandom);
  return slot == nullptr ? kNoHandle : slot->association->handle();
}

void Endpoint::Start(TimePoint now, Handle handle, ByteView session) {
  BeginCall();
  if (Slot* slot = Living(handle)) {
    slot->association->Start(now, session);
    Settle(*slot);
  }
  EndCall();
}

void Endpoint::ExpectSoon(const Path& path) const {
  constexpr size_t kCacheLine = 64;
  const Handle handle = by_path_.Guess(hash_path_(path));
  if (handle == kNoHandle) return;
  const auto* slot = reinterpret_cast<const uint8_t*>(&slots_[SlotIndex(handle)]);
  for (size_t at = 0; at < sizeof(Slot); at += kCacheLine) Prefetch(slot + at);
}

void Endpoint::Receive(TimePoint now, const Path& path, ByteView datagram) {
  BeginBatch();
  ReceiveNext(now, path, datagram);
}

void Endpoint::ReceiveNext(TimePoint now, const Path& path, ByteView datagram) {
  outbox_.ForgetDatagrams();
  counters_.Add(Counter::kDatagramsReceived);
  counters_.Add(Counter::kBytesReceived, static_cast<double>(datagram.size()));
  // Nothing can be sent to port 0, and no honest peer has it.
  if (path.peer_port == 0 || datagram.empty()) return counters_.Add(Counter::kDroppedMalformed);
  Slot* slot = Addressee(path, datagram);
  if (slot == nullptr || BeginsAnotherHandshake(*slot, datagram)) {
    ReceiveFromStranger(now, path, datagram);
  } else {
    Deliver(now, *slot, path, datagram);
  }
  EndCall();
}

void Endpoint::Deliver(TimePoint now, Slot& slot, const Path& path, ByteView datagram) {
  if (!slot.association->established()) slot.heard_at = now;
  if (slot.pending_hello) pending_.Hear(now, slot.handle);
  slot.association->Receive(now, datagram);
  NotePath(now, slot, path, datagram.size());
  const bool read = slot.association->received_verified();
  const bool challenged = slot.by_path && !slot.challenges;
  Settle(slot);
  // What the old association cannot read may be the challenger's: its keys decide.
  if (Slot* challenger = read || !challenged ? nullptr : ChallengerAt(path)) {
    pending_.Hear(now, challenger->handle);
    challenger->association->Receive(now, datagram);
    Settle(*challenger);
  }
}

Endpoint::Slot* Endpoint::ChallengerAt(const Path& path) {
  const auto found = challengers_.empty() ? challengers_.end() : challengers_.find(path);
  return found == challengers_.end() ? nullptr : Living(found->second);
}

// A record with a Connection ID belongs to whoever was given that ID, wherever it comes from and whatever
// cleartext records stand before it: a client that repeats its last flight sends both in one datagram.
Endpoint::Slot* Endpoint::Addressee(const Path& path, ByteView datagram) {
  if (const auto id_bytes = connection_ids_.bytes()) {
    ByteView rest = datagram;
    while (const auto record = TakeRecord(rest, *id_bytes)) {
      if (record->header.type != ContentType::kTls12Cid) continue;
      return Living(connection_ids_.Find(record->connection_id));
    }
  }
  // Established associations read nothing in the clear.
  if (Slot* challenger = IsCleartext(datagram) ? ChallengerAt(path) : nullptr) return challenger;
  return Living(FindByPath(path));
}

void Endpoint::HandleTimeout(TimePoint now) {
  BeginCall();
  for (int i = 0; i < kMaxTimeoutsPerCall && !deadlines_.empty(); ++i) {
    const DeadlineHeap::Entry entry = deadlines_.top();
    if (entry.deadline > now) break;
    deadlines_.Pop();
    if (Overtaken(entry)) continue;
    Slot* slot = Living(entry.handle);
    slot->scheduled = kNever;
    slot->association->HandleTimeout(now);
    if (slot->check && now >= slot->check->deadline() && !slot->association->ended())
      ProceedWithCheck(now, *slot);
    Settle(*slot);
  }
  // OpenSSL takes 75 to 140 KB for a handshake, which the allocator keeps for others that may never come.
  if (pending_.EndBurst(now)) ReturnFreeMemory();
  EndCall();
}

Association::SendResult Endpoint::Send(Handle handle, ByteView message) {
  BeginCall();
  Slot* slot = Living(handle);
  if (slot == nullptr) return Association::SendResult::kNotEstablished;
  const size_t datagram_bytes = slot->association->DatagramBytes(message.size());
  if (slot->probation && datagram_bytes > slot->probation->sendable_bytes) {
    return Association::SendResult::kAddressUnproven;
  }
  const auto result = slot->association->Send(message);
  if (slot->probation && result == Association::SendResult::kSent) {
    slot->probation->sendable_bytes -= datagram_bytes;
  }
  // Wherever the peer is, it gets the message; what comes twice it drops.
  if (slot->check && result == Association::SendResult::kSent && slot->check->MayCopy(datagram_bytes)) {
    outbox_.CopyLastDatagram();
  }
  EndCall();
  return result;
}

void Endpoint::NotePeerGone(TimePoint now, Handle handle) {
  BeginCall();
  if (Slot* slot = Living(handle)) {
    slot->association->NotePeerGone(now);
    Settle(*slot);
  }
  EndCall();
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

void Endpoint::AnswerHello(TimePoint now, Handle handle, std::shared_ptr<const Context> context,
                           std::optional<ByteView> alpn_protocols) {
  BeginCall();
  if (Slot* slot = Living(handle)) {
    slot->association->AnswerHello(now, std::move(context), alpn_protocols);
    Settle(*slot);
  }
  EndCall();
}

void Endpoint::RefuseHello(TimePoint now, Handle handle, Alert alert) {
  BeginCall();
  if (Slot* slot = Living(handle)) {
    slot->association->RefuseHello(now, alert);
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
  return slot == nullptr || !slot->association ? nullptr : &*slot->association;
}

const Path* Endpoint::PathOf(Handle handle) const {
  const Slot* slot = SlotOf(handle);
  return slot == nullptr ? nullptr : &slot->path;
}

void Endpoint::BeginCall() {
  outbox_.Clear();
  for (const Handle handle : ended_) {
    slots_[SlotIndex(handle)].association.reset();
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
  // An entry of an association that has ended stays until it comes up; many of them must not pile up.
  if (deadlines_.size() > kDeadlinesPerAssociation * LivingAssociations() + kSpareDeadlines) {
    deadlines_.KeepOnly([this](const DeadlineHeap::Entry& entry) { return !Overtaken(entry); });
  }
}

bool Endpoint::Overtaken(const DeadlineHeap::Entry& entry) {
  const Slot* slot = Living(entry.handle);
  return slot == nullptr || slot->scheduled != entry.deadline;
}

const Path* Endpoint::CandidateOf(Handle handle) const {
  const Slot* slot = SlotOf(handle);
  return slot == nullptr ? nullptr : slot->candidate.get();
}

const Endpoint::Slot* Endpoint::SlotOf(Handle handle) const {
  const uint32_t index = SlotIndex(handle);
  if (index >= slots_.size()) return nullptr;
  const Slot& slot = slots_[index];
  return slot.association && slot.handle == handle ? &slot : nullptr;
}

Endpoint::Slot* Endpoint::Living(Handle handle) {
  auto* slot = const_cast<Slot*>(SlotOf(handle));
  return slot != nullptr && !slot->association->ended() ? slot : nullptr;
}

Handle Endpoint::FindByPath(const Path& path) const {
  return by_path_.Find(hash_path_(path),
                       [&](Handle handle) { return slots_[SlotIndex(handle)].path == path; });
}

void Endpoint::PutByPath(const Slot& slot) { by_path_.Insert(hash_path_(slot.path), slot.handle); }

void Endpoint::RemoveByPath(const Slot& slot) { by_path_.Erase(hash_path_(slot.path), slot.handle); }

// An empty slot with a new handle and a path; null when there is none left.
Endpoint::Slot* Endpoint::TakeFreeSlot(const Path& path) {
  if (free_slots_.empty()) {
    if (slots_.size() >= kMaxSlots) return nullptr;
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.Grow();
  }
  const uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  // Generation 0 is never used, so no handle is 0.
  const uint32_t last = GenerationOf(slot.handle);
  slot.Begin(MakeHandle(index, last >= kMaxGeneration ? 1 : last + 1), path);
  return &slot;
}

Endpoint::Slot* Endpoint::Create(Role role, std::shared_ptr<const Context> context,
                                 std::shared_ptr<const AssociationOptions> options, const Path& path,
                                 IdSource source) {
  Slot* slot = TakeFreeSlot(path);
  if (slot == nullptr) return nullptr;
  const Handle handle = slot->handle;
  auto connection_id = NewConnectionId(*options, handle, source);
  if (connection_id) slot->connection_id = *connection_id;
  slot->association.emplace(handle, role, std::move(context), std::move(options), &outbox_, &counters_,
                            &pool_, std::move(connection_id));
  slot->challenges = HasPath(path);
  if (slot->challenges) {
    challengers_[path] = handle;
  } else {
    PutByPath(*slot);
  }
  return slot;
}

// After anything that may have ended the association or moved its deadline.
void Endpoint::Settle(Slot& slot) {
  const Association& association = *slot.association;
  if (slot.pending_hello && (association.established() || association.ended())) {
    slot.pending_hello.reset();
    pending_.Remove(slot.handle);
  }
  if (association.established() && slot.challenges) TakeOver(slot);
  if (association.established() && !slot.connection_id.empty()) {
    // Who is known by Connection ID leaves its address to whoever comes there next (RFC 9146 section 6); who
    // did not agree on one is known by its path alone.
    if (association.connection_id().empty()) {
      connection_ids_.Remove(slot.connection_id);
      slot.connection_id.clear();
    } else if (std::exchange(slot.by_path, false)) {
      RemoveByPath(slot);
    }
  }
  if (association.ended()) {
    Forget(slot);
    ended_.push_back(association.handle());
    return;
  }
  const TimePoint deadline = std::min(association.deadline(), slot.check ? slot.check->deadline() : kNever);
  if (deadline < slot.scheduled) {
    slot.scheduled = deadline;
    deadlines_.Push({deadline, association.handle()});
  }
}

// The client has proved that it is there, and anew: what it had before it knows no more.
void Endpoint::TakeOver(Slot& challenger) {
  if (Slot* old = Living(FindByPath(challenger.path))) {
    old->association->Abort(CloseReason::kSuperseded, false);
    Settle(*old);
  }
  counters_.Add(Counter::kRestarts);
}

void Endpoint::Forget(Slot& slot) {
  if (slot.challenges) {
    challengers_.erase(slot.path);
  } else if (slot.by_path) {
    RemoveByPath(slot);
    // A challenger has the address to itself.
    if (Slot* heir = ChallengerAt(slot.path)) {
      challengers_.erase(slot.path);
      heir->challenges = false;
      PutByPath(*heir);
    }
  }
  if (!slot.connection_id.empty()) connection_ids_.Remove(slot.connection_id);
  if (by_host_ && slot.association->is_server()) by_host_->Remove(slot.path);
}

std::optional<Bytes> Endpoint::NewConnectionId(const AssociationOptions& options, Handle handle,
                                               IdSource source) {
  const auto& wanted = options.handshake.connection_id_bytes;
  if (!wanted || source == IdSource::kNone) return std::nullopt;
  if (*wanted == 0) return Bytes();
  if (source == IdSource::kRandom) return connection_ids_.TakeRandom(*wanted, handle);
  outbox_.AddEvent(EventKind::kConnectionIdTaken, kNoHandle);
  return connection_ids_.TakeSupplied(handle);
}

// Those that an import has brought meanwhile are not to be given out again.
bool Endpoint::HasConnectionIdToGive() {
  for (size_t gone = connection_ids_.PruneSupplied(); gone > 0; --gone) {
    outbox_.AddEvent(EventKind::kConnectionIdTaken, kNoHandle);
  }
  return connection_ids_.has_supplied();
}

// A client that has started anew. Its new hello must prove itself like a stranger's; a repetition of the
// hello that began the handshake belongs to the handshake, however late it comes.
bool Endpoint::BeginsAnotherHandshake(const Slot& slot, ByteView datagram) const {
  const bool of_client =
      slot.pending_hello || (slot.association->established() && slot.association->is_server());
  if (!of_client || !listening_) return false;
  const auto hello = ParseClientHello(datagram);
  if (!hello) return false;
  const ByteView known =
      slot.pending_hello ? ByteView(*slot.pending_hello) : slot.association->facts()->secrets.client_random();
  return !SameBytes(hello->random, known);
}

void Endpoint::ReceiveFromStranger(TimePoint now, const Path& path, ByteView datagram) {
  if (!datagram.empty() && static_cast<ContentType>(datagram[0]) == ContentType::kTls12Cid) {
    return counters_.Add(Counter::kDroppedConnectionId);
  }
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
  Slot* older = HandshakeAt(path);
  // Without a cookie nobody has shown that the new hello comes from where it says; and a hello that was kept
  // somewhere must not end a handshake that is under way.
  if (older != nullptr && (!cookie_verified || !MayGiveWay(now, *older))) {
    // If its client is there no more, what it is told would only mislead the new one.
    if (cookie_verified) older->association->Pause();
    return counters_.Add(Counter::kDroppedUnexpected);
  }
  const ListenOptions& options = listening_->options;
  if (hello.message_length > options.association->handshake.max_message_bytes) {
    return counters_.Add(Counter::kDroppedTooLong);
  }
  IdSource source = options.supplied_connection_ids ? IdSource::kSupplied : IdSource::kRandom;
  if (!hello.MayHaveExtension(ConnectionIdExtension::kType)) source = IdSource::kNone;
  if (source == IdSource::kSupplied && !HasConnectionIdToGive()) {
    outbox_.AddEventOf(EventKind::kConnectionIdMissing, path);
    return counters_.Add(Counter::kDroppedNoConnectionId);
  }
  // The newer handshake of a client takes the room of the older, once nothing else is in its way.
  if (older != nullptr) {
    older->association->Abort(CloseReason::kSuperseded, false);
    Settle(*older);
  } else if (!MakeRoom(now, path)) {
    return counters_.Add(Counter::kDroppedLimit);
  }
  Slot* slot = Create(Role::kServer, options.context, options.association, path, source);
  if (slot == nullptr) return counters_.Add(Counter::kDroppedLimit);
  slot->heard_at = now;
  slot->pending_hello = std::make_unique<std::array<uint8_t, 32>>();
  std::ranges::copy(hello.random, slot->pending_hello->begin());
  pending_.Add(now, slot->handle, path);
  if (by_host_) by_host_->Add(path);
  slot->association->Accept(now, datagram, cookie_verified, listening_->ticket_keys.KeysAt(now));
  Settle(*slot);
}

// Whether the client of a handshake seems to have left it.
bool Endpoint::MayGiveWay(TimePoint now, const Slot& handshake) {
  return now - handshake.heard_at >= kSilentBeforeGivingWay || handshake.association->suspects_end();
}

// The handshake under way at this path, be it beside an established association; null for none.
Endpoint::Slot* Endpoint::HandshakeAt(const Path& path) {
  Slot* found = ChallengerAt(path);
  if (found == nullptr) found = Living(FindByPath(path));
  return found == nullptr || found->association->established() ? nullptr : found;
}

// Whether the limits let another client in; a handshake whose peer has fallen silent may have to go for it.
bool Endpoint::MakeRoom(TimePoint now, const Path& path) {
  const ListenOptions& options = listening_->options;
  // Who is to take the place of another needs no room of its own.
  const bool full = LivingAssociations() >= options.max_connections ||
                    (by_host_ && by_host_->Of(path) >= options.max_connections_per_host);
  if (full && !HasPath(path)) return false;
  switch (pending_.RoomFor(now, path, options.max_pending_handshakes)) {
    case PendingHandshakes::Room::kNone:
      return false;
    case PendingHandshakes::Room::kFree:
      return true;
    case PendingHandshakes::Room::kAfterEviction:
      break;
  }
  Slot* silent = Living(pending_.longest_silent());
  silent->association->Abort(CloseReason::kSuperseded, false);
  Settle(*silent);
  counters_.Add(Counter::kHandshakesEvicted);
  return true;
}

}  // namespace native_dtls
