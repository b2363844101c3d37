// Endpoint's half of address changes (RFC 9146 section 6, RFC 9853): which association a datagram may move,
// and where to.
#include "core/endpoint/endpoint.h"

namespace native_dtls {

namespace {

// Who was heard from an address so short a time ago has hardly lost it: routers remember one for half a
// minute and longer.
constexpr Duration kHeardLately = std::chrono::seconds(30);

}  // namespace

// What the datagram that an association has just read says of where its peer is.
void Endpoint::NotePath(TimePoint now, Slot& slot, const Path& path, size_t datagram_bytes) {
  const bool no_more = NotePathAnswer(now, slot, path);
  if (slot.association->received_newest() && !no_more) NoteNewest(now, slot, path, datagram_bytes);
}

// The peer's address follows the newest verified record, and the application may refuse.
void Endpoint::NoteNewest(TimePoint now, Slot& slot, const Path& path, size_t datagram_bytes) {
  // What this side has offered may not have been agreed on: then the peer is known by its path alone.
  if (slot.association->connection_id().empty() || !slot.association->established()) return;
  const bool known_candidate = slot.candidate && *slot.candidate == path;
  if (path == slot.path) {
    slot.heard_at = now;
    slot.candidate.reset();
    if (slot.check) EndCheck(slot, Counter::kPathChecksRefuted);
    if (slot.probation && slot.probation->Hear(datagram_bytes)) slot.probation.reset();
  } else if (!slot.association->checks_paths()) {
    if (known_candidate) return;
    slot.candidate = std::make_unique<Path>(path);
    outbox_.AddEvent(EventKind::kAddressChanged, slot.association->handle());
  } else if (slot.check) {
    // One at a time: the others have their turn when it is over.
    if (known_candidate) slot.check->Hear(datagram_bytes);
  } else if (!known_candidate) {
    BeginCheck(now, slot, path, datagram_bytes);
  }
}

void Endpoint::BeginCheck(TimePoint now, Slot& slot, const Path& path, size_t datagram_bytes) {
  const bool old_first = slot.heard_at != kNever && now - slot.heard_at < kHeardLately;
  const Association& association = *slot.association;
  slot.candidate = std::make_unique<Path>(path);
  slot.check = std::make_unique<PathCheck>(old_first, association.retransmit_timeout(),
                                           association.DatagramBytes(kPathMessageBytes));
  slot.check->Hear(datagram_bytes);
  ProceedWithCheck(now, slot);
}

void Endpoint::ProceedWithCheck(TimePoint now, Slot& slot) {
  std::optional<PathCheck::Challenge> challenge;
  if (!slot.check->Proceed(now, challenge)) {
    slot.candidate.reset();
    return EndCheck(slot, Counter::kPathChecksFailed);
  }
  if (challenge && slot.association->SendChallenge(challenge->cookie, challenge->to)) {
    counters_.Add(Counter::kPathChallengesSent);
  }
}

void Endpoint::EndCheck(Slot& slot, Counter outcome) {
  slot.check.reset();
  counters_.Add(outcome);
}

// What a challenge of ours has been answered. True when the datagram tells no more than that of where the
// peer is.
bool Endpoint::NotePathAnswer(TimePoint now, Slot& slot, const Path& path) {
  const auto& answer = slot.association->path_answer();
  if (!answer || !slot.association->established()) return false;
  const bool from_new = slot.candidate && *slot.candidate == path;
  switch (slot.check ? slot.check->Judge(*answer, from_new) : PathCheck::Verdict::kIrrelevant) {
    case PathCheck::Verdict::kIrrelevant:
      counters_.Add(Counter::kDroppedPathAnswer);
      return false;
    case PathCheck::Verdict::kStays:
      slot.heard_at = now;
      slot.candidate.reset();
      EndCheck(slot, Counter::kPathChecksRefuted);
      // Not even if it has been forwarded.
      return true;
    case PathCheck::Verdict::kAskNew:
      ProceedWithCheck(now, slot);
      return true;
    case PathCheck::Verdict::kMoves:
      slot.heard_at = now;
      EndCheck(slot, Counter::kPathChecksPassed);
      outbox_.AddEvent(EventKind::kAddressChanged, slot.association->handle());
      return false;
  }
  return false;
}

void Endpoint::AnswerAddress(Handle handle, bool accept) {
  Slot* slot = Living(handle);
  // What is being checked nobody has been asked about.
  if (slot == nullptr || !slot->candidate || slot->check) return;
  if (accept) {
    if (by_host_ && slot->association->is_server()) {
      by_host_->Remove(slot->path);
      by_host_->Add(*slot->candidate);
    }
    slot->path = *slot->candidate;
    slot->probation.reset();
    if (!slot->association->checks_paths()) slot->probation = std::make_unique<Probation>();
    counters_.Add(Counter::kAddressChanges);
  }
  slot->candidate.reset();
}

}  // namespace native_dtls
