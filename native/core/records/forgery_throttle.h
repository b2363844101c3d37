// How many records that turn out to be forged may be opened in a second, once an association has seen more of
// them than its key should: with the truncated tags above all, time is what keeps a guess from being right.
#pragma once

#include <cstdint>

#include "core/base/clock.h"

namespace native_dtls {

class ForgeryThrottle {
 public:
  static constexpr uint16_t kForgeriesPerSecond = 1000;

  // Whether no more may be opened in this second.
  bool Closed(TimePoint now) const { return second_ == SecondOf(now) && forged_ >= kForgeriesPerSecond; }

  void NoteForged(TimePoint now) {
    const uint32_t second = SecondOf(now);
    if (second != second_) forged_ = 0;
    second_ = second;
    if (forged_ < kForgeriesPerSecond) ++forged_;
  }

 private:
  // Comes round after 136 years.
  static uint32_t SecondOf(TimePoint now) {
    return static_cast<uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  }

  uint32_t second_ = 0;
  uint16_t forged_ = 0;
};

}  // namespace native_dtls
