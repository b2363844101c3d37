// One return routability check (RFC 9853 section 5): whether a peer that newer records come from a new
// address of is to be followed there. It says what to send and judges what comes back; it knows neither
// addresses nor records.
//
// Where the old address was in use a moment ago, it is asked first (the enhanced check of section 5.2): its
// owner has hardly moved, and whoever forwards his records from elsewhere is not to be followed. Otherwise
// the new address is asked at once (section 5.1).
#pragma once

#include <optional>

#include "core/base/clock.h"
#include "core/base/outbox.h"
#include "core/wire/path_message.h"

namespace native_dtls {

class PathCheck {
 public:
  // `timeout`: how long the first answer may take. `challenge_bytes`: what a challenge takes in a datagram.
  PathCheck(bool old_first, Duration timeout, size_t challenge_bytes)
      : asks_old_(old_first), timeout_(timeout), challenge_bytes_(challenge_bytes) {}

  // A datagram with a newer record has come from the new address, which may be sent three times as much (the
  // bound of RFC 9000 section 8).
  void Hear(size_t datagram_bytes) { sendable_bytes_ += kAmplification * datagram_bytes; }

  struct Challenge {
    PathCookie cookie;
    Destination to;
  };
  // To be called at the beginning and at the deadline. True: the check goes on, and `challenge` holds what is
  // to be sent, if anything may be. False: there was no answer.
  bool Proceed(TimePoint now, std::optional<Challenge>& challenge);
  TimePoint deadline() const { return deadline_; }

  enum class Verdict {
    // It answers nothing that was asked.
    kIrrelevant,
    // The old address is in use.
    kStays,
    // The peer does not want the old address any more: to be followed by Proceed.
    kAskNew,
    kMoves,
  };
  Verdict Judge(const PathMessage& answer, bool from_new);

  // Whether a message may go to the new address as well, as long as nobody knows where the peer is; one
  // challenge must remain possible.
  bool MayCopy(size_t datagram_bytes);

 private:
  static constexpr size_t kAmplification = 3;
  // The old address is asked once, the new one so many times, each time waiting twice as long.
  static constexpr int kAttempts = 3;

  bool asks_old_;
  Duration timeout_;
  size_t challenge_bytes_;
  size_t sendable_bytes_ = 0;
  int attempts_ = 0;
  TimePoint deadline_{};
  // Of what was asked: the same each time that it is asked again, so that an answer may take longer than the
  // timeout.
  std::optional<PathCookie> old_cookie_;
  std::optional<PathCookie> new_cookie_;
};

}  // namespace native_dtls
