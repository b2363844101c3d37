// Which record numbers of an epoch have been seen (RFC 6347 section 4.1.2.6). Ask before opening; note only
// what has verified.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace native_dtls {

class ReplayWindow {
 public:
  // How far behind the newest a record may come; the RFC asks for at least 32 and prefers 64.
  static constexpr uint64_t kBits = 256;

  bool IsNew(uint64_t number) const {
    if (number >= next_) return true;
    return next_ - 1 - number < kBits && !Seen(number);
  }

  bool IsNewest(uint64_t number) const { return number >= next_; }

  // What must be kept of it: the number after the newest, and the bits, newest first.
  static constexpr size_t kWords = kBits / 64;
  struct Saved {
    uint64_t next;
    std::array<uint64_t, kWords> words;
  };
  Saved Save() const {
    Saved saved{.next = next_, .words = {}};
    for (uint64_t i = 0; i < std::min(kBits, next_); ++i) {
      saved.words[i / 64] |= uint64_t{Seen(next_ - 1 - i)} << i % 64;
    }
    return saved;
  }
  static ReplayWindow Restore(const Saved& saved) {
    ReplayWindow window;
    window.next_ = saved.next;
    for (uint64_t i = 0; i < std::min(kBits, saved.next); ++i) {
      if ((saved.words[i / 64] >> i % 64 & 1) != 0) window.Set(saved.next - 1 - i);
    }
    return window;
  }

  void Note(uint64_t number) {
    if (number >= next_) {
      const uint64_t first_new_word = (next_ + 63) / 64, last_word = number / 64;
      for (uint64_t word = first_new_word; word <= last_word && word < first_new_word + kRing; ++word) {
        ring_[word % kRing] = 0;
      }
      next_ = number + 1;
    }
    if (next_ - 1 - number < kBits) Set(number);
  }

 private:
  // Each number has its bit for as long as it is in the window, so that nothing is ever shifted: the window
  // lies across one word more than it fills.
  static constexpr size_t kRing = kWords + 1;

  bool Seen(uint64_t number) const { return (ring_[number / 64 % kRing] >> number % 64 & 1) != 0; }
  void Set(uint64_t number) { ring_[number / 64 % kRing] |= uint64_t{1} << number % 64; }

  std::array<uint64_t, kRing> ring_{};
  // After the newest number.
  uint64_t next_ = 0;
};

}  // namespace native_dtls
