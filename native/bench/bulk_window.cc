#include "bench/bulk_window.h"

#include <cstring>

namespace native_dtls {

namespace {

constexpr auto kStalled = std::chrono::milliseconds(200);
// Credits in a window.
constexpr size_t kGrants = 8;

}  // namespace

BulkWindow::BulkWindow(size_t window, size_t message_bytes)
    : window_(window), pattern_(std::max(message_bytes, kLeastBytes)) {
  for (size_t i = kLeastBytes; i < pattern_.size(); ++i) pattern_[i] = static_cast<uint8_t>(7 * i);
}

BulkWindow::Round BulkWindow::Run(EchoCarrier& carrier, Clock::duration duration) {
  round_ = {};
  first_of_round_ = next_;
  const Clock::time_point start = heard_at_ = Clock::now();
  Grant(carrier);
  while (Clock::now() - start < duration) {
    carrier.Turn();
    if (Stalled()) {
      Miss(granted_);
      heard_at_ = Clock::now();
    }
    if (granted_ - next_ <= window_ - window_ / kGrants) Grant(carrier);
  }
  round_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  round_.delivered = round_.taken;
  heard_at_ = Clock::now();
  while (next_ < granted_ && !Stalled()) carrier.Turn();
  Miss(granted_);
  return round_;
}

void BulkWindow::Take(ByteView message) {
  uint64_t number = 0;
  if (message.size() >= kLeastBytes) std::memcpy(&number, message.data(), sizeof(number));
  const bool whole = message.size() == pattern_.size() && number < granted_ &&
                     SameBytes(message.subspan(kLeastBytes), ByteView(pattern_).subspan(kLeastBytes));
  if (!whole) {
    ++round_.wrong;
    return;
  }
  heard_at_ = Clock::now();
  if (number >= next_) {
    Miss(number);
    next_ = number + 1;
    ++round_.taken;
  } else if (missing_.erase(number) == 0) {
    ++round_.repeated;
  } else if (number < first_of_round_) {
    ++round_.late;
  } else {
    --round_.lost;
    ++round_.taken;
  }
}

void BulkWindow::Grant(EchoCarrier& carrier) {
  granted_ = next_ + window_;
  std::array<uint8_t, kLeastBytes> credit;
  std::memcpy(credit.data(), &granted_, sizeof(granted_));
  carrier.Send(0, credit);
}

bool BulkWindow::Stalled() const { return Clock::now() - heard_at_ >= kStalled; }

void BulkWindow::Miss(uint64_t end) {
  for (; next_ < end; ++next_) {
    missing_.insert(next_);
    ++round_.lost;
  }
}

}  // namespace native_dtls
