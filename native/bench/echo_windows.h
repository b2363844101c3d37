// Messages in flight, a window of them for each peer: every echo sends the next. Where all windows together
// are more than a socket's buffer holds, they take turns. Each message carries who sent it, its place in the
// window and a number, and every byte of an echo is looked at: what is counted is what was sent and came
// back.
#pragma once

#include <chrono>
#include <deque>
#include <vector>

#include "bench/echo_carrier.h"
#include "bench/spread_of_times.h"

namespace native_dtls {

class EchoWindows {
 public:
  using Clock = std::chrono::steady_clock;

  // Number, peer and place.
  static constexpr size_t kLeastBytes = 16;
  // In all, at the most. Some 8,000 small datagrams fit what Linux grants for a receive buffer of 4 MiB.
  static constexpr size_t kMostInFlight = 4096;

  struct Round {
    // In the time of the round, and with those that came after its end.
    size_t echoes = 0;
    size_t answered = 0;
    // Given up because nothing came for their peer.
    size_t lost = 0;
    // Came after they were given up.
    size_t late = 0;
    // Other than what was sent.
    size_t wrong = 0;
    double seconds = 0;
    SpreadOfTimes round_trips;
  };

  EchoWindows(size_t peers, size_t window, size_t message_bytes);

  size_t message_bytes() const { return message_.size(); }

  // With no more in flight than that. Returns when the last echo is in, or is given up.
  Round Run(EchoCarrier& carrier, Clock::duration duration, size_t most_in_flight = kMostInFlight);
  // Of the carrier.
  void Take(size_t peer, ByteView message);

 private:
  struct Slot {
    uint64_t number = 0;
    bool in_flight = false;
    Clock::time_point sent_at{};
  };
  struct Peer {
    Clock::time_point heard_at{};
    // Echoes of all peers up to then.
    size_t answered_then = 0;
  };

  void Send(EchoCarrier& carrier, size_t slot);
  void SendReady(EchoCarrier& carrier);
  void GiveUpStalled();
  void GiveUp(size_t slot);

  const size_t window_;
  std::vector<Slot> slots_;
  std::vector<Peer> peers_;
  // Slots whose turn comes, in order.
  std::deque<size_t> ready_;
  Bytes message_;
  uint64_t next_number_ = 1;
  size_t most_in_flight_ = kMostInFlight;
  size_t in_flight_ = 0;
  Clock::time_point heard_at_{};
  Round round_;
};

}  // namespace native_dtls
