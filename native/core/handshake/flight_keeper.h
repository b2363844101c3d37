// The flight that was sent last, and the clock by which it is sent again (RFC 6347 section 4.2.4). It knows
// nothing of what the flight says.
#pragma once

#include <optional>

#include "core/base/clock.h"
#include "core/handshake/record_sender.h"

namespace native_dtls {

// The size of datagrams for a flight that was sent so many times in vain: smaller ones when it keeps failing.
size_t BackedOffMtu(size_t mtu_bytes, uint32_t times_sent);

// A flight that is no longer sent by the clock.
struct SentFlight {
  Flight flight;
  size_t mtu_bytes = 0;
  uint32_t times_sent = 0;
};

class FlightKeeper {
 public:
  FlightKeeper(Outbox* outbox, Handle handle, size_t mtu_bytes, Duration timeout, Duration timeout_max)
      : sender_(outbox, handle),
        mtu_bytes_(mtu_bytes),
        first_timeout_(timeout),
        timeout_max_(timeout_max),
        timeout_(timeout) {}

  // A record that OpenSSL has written: part of the next flight, unless it has left already (a jump of the
  // wall clock can make OpenSSL repeat itself).
  void Collect(FlightPart part);

  // Sends what has been collected since the last time, as a new flight; does nothing when that is nothing.
  // `records` may be null as long as nothing of epoch 1 has been collected.
  void SendCollected(TimePoint now, Records* records);
  // Sends the flight again: by the clock, which then waits longer, or because the peer seems to lack it.
  void SendAgainByClock(TimePoint now, Records* records);
  void SendAgain(TimePoint now, Records* records);

  // The peer has answered the flight: how long that took says when the next one is to be sent again.
  void NoteAnswer(TimePoint now);

  // When the clock strikes; kNever when there is no flight.
  TimePoint deadline() const { return flight_.empty() ? kNever : sent_at_ + timeout_; }
  // A peer that repeats itself is answered once for each burst.
  bool may_answer_repetition(TimePoint now) const {
    return !flight_.empty() && now >= sent_at_ + first_timeout() / 2;
  }
  bool has_sent() const { return times_sent_ > 0; }
  // Our ChangeCipherSpec has been collected: what follows is of epoch 1.
  bool changed_cipher_spec() const { return changed_cipher_spec_; }

  RecordSender& sender() { return sender_; }
  // The flight, for good, and what is needed to send it again.
  SentFlight Take() { return {std::move(flight_), mtu_bytes_, times_sent_}; }

 private:
  // RFC 6298 section 2, within the bounds of this handshake.
  struct RoundTrip {
    Duration smoothed;
    Duration variation;
  };

  // Peers that compute for long are not to be asked again and again meanwhile.
  static constexpr Duration kLeastTimeout = std::chrono::milliseconds(200);
  // Doubling stops here where the round trip is known, or at the handshake's own bound before.
  static constexpr int kMostTimeouts = 16;

  bool IsRepetition(const FlightPart& part);
  Duration first_timeout() const;
  void Send(TimePoint now, Records* records);

  RecordSender sender_;
  size_t mtu_bytes_;
  const Duration first_timeout_;
  const Duration timeout_max_;

  Flight collected_;
  Flight flight_;
  Duration timeout_;
  TimePoint sent_at_{};
  uint32_t times_sent_ = 0;
  bool answered_ = false;
  std::optional<RoundTrip> round_trip_;
  bool changed_cipher_spec_ = false;
  // What OpenSSL writes next begins here.
  uint32_t next_message_ = 0;
  uint32_t next_offset_ = 0;
};

}  // namespace native_dtls
