#include "core/handshake/flight_keeper.h"

#include <utility>

namespace native_dtls {

namespace {

// Smaller datagrams for a flight that keeps failing: sent so many times, at most so large.
constexpr struct {
  uint32_t times;
  size_t mtu_bytes;
} kBackOff[] = {{5, 256}, {3, 512}};

}  // namespace

size_t BackedOffMtu(size_t mtu_bytes, uint32_t times_sent) {
  for (const auto& step : kBackOff) {
    if (times_sent >= step.times) return std::min(mtu_bytes, step.mtu_bytes);
  }
  return mtu_bytes;
}

void FlightKeeper::Collect(FlightPart part) {
  if (IsRepetition(part)) return;
  changed_cipher_spec_ |= part.type == ContentType::kChangeCipherSpec;
  collected_.push_back(std::move(part));
}

bool FlightKeeper::IsRepetition(const FlightPart& part) {
  ByteView body = part.body;
  const auto fragment = part.type == ContentType::kHandshake ? TakeHandshakeFragment(body) : std::nullopt;
  if (!fragment) return changed_cipher_spec_;
  const bool next_fragment = fragment->message_seq == next_message_ && fragment->offset == next_offset_;
  const bool next_message = fragment->message_seq >= next_message_ && fragment->offset == 0;
  if (!next_fragment && !next_message) return true;
  const auto end = static_cast<uint32_t>(fragment->offset + fragment->body.size());
  const bool whole = end == fragment->message_length;
  next_message_ = fragment->message_seq + (whole ? 1u : 0u);
  next_offset_ = whole ? 0 : end;
  return false;
}

void FlightKeeper::SendCollected(TimePoint now, Records* records) {
  if (collected_.empty()) return;
  flight_ = std::exchange(collected_, {});
  // The flight before has arrived: datagrams of the size in which it was sent last will do for this one.
  if (times_sent_ > 0) mtu_bytes_ = BackedOffMtu(mtu_bytes_, times_sent_ - 1);
  times_sent_ = 0;
  answered_ = false;
  timeout_ = first_timeout();
  Send(now, records);
}

// A flight that was sent twice says nothing: either of the two may have been answered (Karn's algorithm).
void FlightKeeper::NoteAnswer(TimePoint now) {
  if (std::exchange(answered_, true) || times_sent_ != 1) return;
  const Duration sample = now - sent_at_;
  if (!round_trip_) {
    round_trip_ = {.smoothed = sample, .variation = sample / 2};
    return;
  }
  auto& [smoothed, variation] = *round_trip_;
  const Duration error = smoothed > sample ? smoothed - sample : sample - smoothed;
  variation = (3 * variation + error) / 4;
  smoothed = (7 * smoothed + sample) / 8;
}

Duration FlightKeeper::first_timeout() const {
  if (!round_trip_) return first_timeout_;
  return std::clamp(round_trip_->smoothed + 4 * round_trip_->variation,
                    std::min(kLeastTimeout, first_timeout_), timeout_max_);
}

void FlightKeeper::SendAgainByClock(TimePoint now, Records* records) {
  const Duration most = round_trip_ ? std::min(timeout_max_, kMostTimeouts * first_timeout()) : timeout_max_;
  timeout_ = std::min(timeout_ * 2, most);
  Send(now, records);
}

void FlightKeeper::SendAgain(TimePoint now, Records* records) { Send(now, records); }

void FlightKeeper::Send(TimePoint now, Records* records) {
  sender_.SendFlight(flight_, BackedOffMtu(mtu_bytes_, times_sent_), records);
  ++times_sent_;
  sent_at_ = now;
}

}  // namespace native_dtls
