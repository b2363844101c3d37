// The receiving end of a one-way stream. The sender may send up to a number that it is told (a credit), so
// that what is under way fits the receiver's buffer, whoever sends: on a loopback nothing else holds a sender
// back. Each message carries its number, and every byte is looked at.
#pragma once

#include <chrono>
#include <unordered_set>

#include "bench/echo_carrier.h"

namespace native_dtls {

class BulkWindow {
 public:
  using Clock = std::chrono::steady_clock;

  // The number, eight bytes with the least first, as a credit has it too.
  static constexpr size_t kLeastBytes = 8;

  struct Round {
    // In the time of the round, and with those that came after its end.
    size_t delivered = 0;
    size_t taken = 0;
    // Never came, as far as is known when the round ends; came in a later round.
    size_t lost = 0;
    size_t late = 0;
    size_t repeated = 0;
    // Other than what was asked for.
    size_t wrong = 0;
    double seconds = 0;
  };

  // `window`: messages under way.
  BulkWindow(size_t window, size_t message_bytes);

  // Returns when the last message is in, or is given up.
  Round Run(EchoCarrier& carrier, Clock::duration duration);
  // Of the carrier.
  void Take(ByteView message);

 private:
  void Grant(EchoCarrier& carrier);
  bool Stalled() const;
  // All up to there, that have not come.
  void Miss(uint64_t end);

  const size_t window_;
  Bytes pattern_;
  // Behind the newest that has come; up to where the sender may send.
  uint64_t next_ = 0;
  uint64_t granted_ = 0;
  uint64_t first_of_round_ = 0;
  std::unordered_set<uint64_t> missing_;
  Clock::time_point heard_at_{};
  Round round_;
};

}  // namespace native_dtls
