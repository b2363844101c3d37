// Which record numbers of an epoch have been seen (RFC 6347 section 4.1.2.6). Ask before opening; note only
// what has verified.
#pragma once

#include <bitset>
#include <cstdint>

namespace native_dtls {

class ReplayWindow {
 public:
  // How far behind the newest a record may come; the RFC asks for at least 32 and prefers 64.
  static constexpr uint64_t kBits = 256;

  bool IsNew(uint64_t number) const {
    if (number >= next_) return true;
    const uint64_t behind = next_ - 1 - number;
    return behind < kBits && !seen_[behind];
  }

  bool IsNewest(uint64_t number) const { return number >= next_; }

  void Note(uint64_t number) {
    if (number >= next_) {
      const uint64_t ahead = number - next_ + 1;
      seen_ = ahead < kBits ? seen_ << ahead : std::bitset<kBits>();
      next_ = number + 1;
    }
    seen_.set(next_ - 1 - number);
  }

 private:
  // Bit 0 stands for the newest number, next_ - 1.
  std::bitset<kBits> seen_;
  uint64_t next_ = 0;
};

}  // namespace native_dtls
