// Many associations on one datagram socket: who a datagram belongs to, all timers behind one deadline,
// limits, counters. Without the socket.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/base/block_list.h"
#include "core/base/handle_table.h"
#include "core/base/path.h"
#include "core/endpoint/association.h"
#include "core/endpoint/connection_id_table.h"
#include "core/endpoint/cookie_gate.h"
#include "core/endpoint/deadline_heap.h"
#include "core/endpoint/host_counts.h"
#include "core/endpoint/path_check.h"
#include "core/endpoint/pending_handshakes.h"
#include "core/endpoint/probation.h"
#include "core/endpoint/saved_association.h"

namespace native_dtls {

struct ListenOptions {
  std::shared_ptr<const Context> context;
  std::shared_ptr<const AssociationOptions> association;
  // Without cookies a server keeps state for whoever sends a hello, from whatever address.
  bool cookies = true;
  // Empty for a random one.
  Bytes cookie_secret;
  size_t max_connections = kMaxSlots;
  size_t max_pending_handshakes = 1000;
  // Of one IPv4 address, or one /64 of IPv6; zero for any number.
  size_t max_connections_per_host = 0;
  // TicketKeys::kBytes; empty for random ones, renewed from time to time.
  Secret ticket_keys{};
  // Clients are given Connection IDs of the application's making (SupplyConnectionId), and one that offers
  // the extension is not let in while there is none. Otherwise random ones.
  bool supplied_connection_ids = false;
};

class Endpoint {
 public:
  // `counters` must outlive the object.
  explicit Endpoint(std::span<double, kCounterCount> counters);

  // Every function below that takes a time, or ends something, first clears the outbox and forgets the
  // associations that ended in the call before.

  void Listen(ListenOptions options);
  // Context and options of clients that come from now on; without effect when not listening.
  void Reconfigure(std::shared_ptr<const Context> context,
                   std::shared_ptr<const AssociationOptions> association);
  // Clients in the midst of their handshake are dropped; established ones go on.
  void StopListening();
  // The keys of session tickets, TicketKeys::kBytes; those before are still accepted. False when not
  // listening.
  bool SetTicketKeys(ByteView keys);
  // Those of now; empty when not listening, or when OpenSSL has no random numbers.
  ByteView TicketKeysAt(TimePoint now);
  // A Connection ID for one of the next clients. False when it cannot be used: it has another length than the
  // others, is in use, or enough of them wait.
  bool SupplyConnectionId(ByteView id);
  // A peer just restored is elsewhere than when it was exported. False when somebody else is there.
  bool Relocate(Handle handle, const Path& path);
  // There are so many associations that what is known of each is seldom in the processor's caches.
  bool is_large() const { return by_path_.size() >= kLarge; }
  // A datagram comes from there; for all of a batch the first, then the second, then they are received. What
  // is asked for in advance is there in time.
  void Expect(const Path& path) const { by_path_.Prefetch(hash_path_(path)); }
  void ExpectSoon(const Path& path) const;
  bool HasPath(const Path& path) const { return FindByPath(path) != kNoHandle; }
  // A client association; kNoHandle when there is no room. The path must be free.
  Handle Connect(std::shared_ptr<const Context> context, std::shared_ptr<const AssociationOptions> options,
                 const Path& path);
  // `session` as for Handshake::Start.
  void Start(TimePoint now, Handle handle, ByteView session = {});
  void Receive(TimePoint now, const Path& path, ByteView datagram);
  // Several datagrams in one call: BeginBatch once, and ReceiveNext for each. What they produce adds up, but
  // for the datagrams to send, which the caller deals with each time: of what kSender means it knows the
  // newest only.
  void BeginBatch() { BeginCall(); }
  void ReceiveNext(TimePoint now, const Path& path, ByteView datagram);
  void HandleTimeout(TimePoint now);
  // Answers kAddressChanged. A late answer, or one to a question that a newer one has replaced, is about the
  // newer.
  void AnswerAddress(Handle handle, bool accept);
  // Established associations as sealed bytes, one each; each ends at once, without a word to its peer. Empty
  // when OpenSSL fails, or one is not established: then none ends.
  std::vector<Bytes> Export(std::span<const Handle> handles, ByteView key, WallTime now, WallTime expires_at);
  // What was exported goes on here. All or none; and no saving is restored twice in one process.
  std::variant<std::vector<Handle>, RestoreError> Import(TimePoint now, WallTime wall_now, Role role,
                                                         std::shared_ptr<const AssociationOptions> options,
                                                         std::span<const ByteView> sealed, ByteView key);
  // Those that are established.
  std::vector<Handle> Established() const;
  Association::SendResult Send(Handle handle, ByteView message);
  // Datagrams that found no room in the queue of the socket, or that the system refused.
  void NoteUnsent(uint64_t datagrams) {
    counters_.Add(Counter::kDroppedUnsent, static_cast<double>(datagrams));
  }
  // Datagrams that the kernel has not given to the socket.
  void NoteDroppedByKernel(uint64_t datagrams) {
    counters_.Add(Counter::kDroppedByKernel, static_cast<double>(datagrams));
  }
  void NotePeerGone(TimePoint now, Handle handle);
  void Shutdown(Handle handle);
  void Abort(Handle handle);
  void AnswerHello(TimePoint now, Handle handle, std::shared_ptr<const Context> context,
                   std::optional<ByteView> alpn_protocols);
  void RefuseHello(TimePoint now, Handle handle, Alert alert);
  void AnswerPsk(TimePoint now, Handle handle, ByteView identity, std::optional<ByteView> key);
  void AnswerCertificate(TimePoint now, Handle handle, bool accept);

  // What the last call has produced.
  Outbox& outbox() { return outbox_; }
  // When HandleTimeout is due; kNever for never.
  TimePoint deadline() const {
    return std::min(deadlines_.empty() ? kNever : deadlines_.top().deadline, pending_.burst_ends());
  }
  // An association that lives or that ended in the last call; null otherwise.
  const Association* Find(Handle handle) const;
  const Path* PathOf(Handle handle) const;
  // Where the peer seems to be now; null when no answer is awaited.
  const Path* CandidateOf(Handle handle) const;
  // The length of the Connection IDs that this endpoint gives out; the first association that wants one
  // decides.
  std::optional<size_t> connection_id_bytes() const { return connection_ids_.bytes(); }

 private:
  struct Slot {
    // Of the association, or of the last one that was here.
    Handle handle = kNoHandle;
    // The table of paths has it, or that of challengers.
    bool by_path = true;
    bool challenges = false;
    Path path{};
    // In place: an association that rests has no memory of its own elsewhere.
    std::optional<Association> association{};
    // The earliest entry that the heap holds for it.
    TimePoint scheduled = kNever;
    // Where newer records come from, while that is being checked or the application has not said whether the
    // peer has moved there.
    std::unique_ptr<Path> candidate{};
    std::unique_ptr<PathCheck> check{};
    // When something newer came from `path`; kNever when that is not known.
    TimePoint heard_at = kNever;
    // The address is new and has not proved itself.
    std::unique_ptr<Probation> probation{};
    // The table of Connection IDs has this one.
    Bytes connection_id{};
    // A server's, until its handshake is over: the random of the ClientHello that began it.
    std::unique_ptr<std::array<uint8_t, 32>> pending_hello{};

    // For an association that is about to be made.
    void Begin(Handle new_handle, const Path& new_path) {
      handle = new_handle;
      by_path = true;
      challenges = false;
      path = new_path;
      association.reset();
      scheduled = kNever;
      candidate.reset();
      check.reset();
      heard_at = kNever;
      probation.reset();
      connection_id = {};
      pending_hello.reset();
    }
  };

  // Where the Connection ID comes from that an association may give out, if it wants one.
  enum class IdSource { kNone, kRandom, kSupplied };

  static constexpr size_t kLarge = 1024;

  // More entries than this in the heap, and those without meaning are thrown out.
  static constexpr size_t kDeadlinesPerAssociation = 4;
  static constexpr size_t kSpareDeadlines = 1024;

  // So many timeouts are handled in one call at the most; the rest is due at once.
  static constexpr int kMaxTimeoutsPerCall = 256;

  static constexpr size_t kSlotsPerBlock = 256;

  size_t LivingAssociations() const { return slots_.size() - free_slots_.size() - ended_.size(); }
  void BeginCall();
  void EndCall();
  const Slot* SlotOf(Handle handle) const;
  // Null when the association has ended.
  Slot* Living(Handle handle);
  // The association has ended, or an earlier entry stands for it.
  bool Overtaken(const DeadlineHeap::Entry& entry);
  std::optional<RestoreError> CheckRestorable(const SavedAssociation& saved, Role role) const;
  Handle Restore(TimePoint now, SavedAssociation& saved, std::shared_ptr<const AssociationOptions> options);
  Handle FindByPath(const Path& path) const;
  void PutByPath(const Slot& slot);
  void RemoveByPath(const Slot& slot);
  Slot* TakeFreeSlot(const Path& path);
  Slot* Create(Role role, std::shared_ptr<const Context> context,
               std::shared_ptr<const AssociationOptions> options, const Path& path, IdSource source);
  void Settle(Slot& slot);
  Slot* Addressee(const Path& path, ByteView datagram);
  Slot* ChallengerAt(const Path& path);
  void Deliver(TimePoint now, Slot& slot, const Path& path, ByteView datagram);
  void TakeOver(Slot& challenger);
  std::optional<Bytes> NewConnectionId(const AssociationOptions& options, Handle handle, IdSource source);
  bool HasConnectionIdToGive();
  void NotePath(TimePoint now, Slot& slot, const Path& path, size_t datagram_bytes);
  bool NotePathAnswer(TimePoint now, Slot& slot, const Path& path);
  void NoteNewest(TimePoint now, Slot& slot, const Path& path, size_t datagram_bytes);
  void BeginCheck(TimePoint now, Slot& slot, const Path& path, size_t datagram_bytes);
  void ProceedWithCheck(TimePoint now, Slot& slot);
  void EndCheck(Slot& slot, Counter outcome);
  void Forget(Slot& slot);
  bool BeginsAnotherHandshake(const Slot& slot, ByteView datagram) const;
  Slot* HandshakeAt(const Path& path);
  static bool MayGiveWay(TimePoint now, const Slot& handshake);
  bool MakeRoom(TimePoint now, const Path& path);
  void CountHosts();
  void ReceiveFromStranger(TimePoint now, const Path& path, ByteView datagram);
  void AcceptClient(TimePoint now, const Path& path, ByteView datagram, const ClientHello& hello,
                    bool cookie_verified);

  struct Listening {
    ListenOptions options;
    CookieGate gate;
    TicketKeyRing ticket_keys;
  };

  Counters counters_;
  Outbox outbox_;
  AeadPool pool_;
  std::optional<Listening> listening_;
  BlockList<Slot, kSlotsPerBlock> slots_;
  std::vector<uint32_t> free_slots_;
  std::vector<Handle> ended_;
  const PathHash hash_path_;
  HandleTable by_path_;
  // Clients that shake hands anew from where an established association of theirs is (RFC 6347
  // section 4.2.8): beside it, until they have proved themselves.
  std::unordered_map<Path, Handle, PathHash> challengers_;
  ConnectionIdTable connection_ids_;
  DeadlineHeap deadlines_;
  PendingHandshakes pending_;
  // Of a server's associations; kept while there is a limit for them.
  std::optional<HostCounts> by_host_;
};

}  // namespace native_dtls
