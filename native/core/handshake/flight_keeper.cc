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
  timeout_ = first_timeout_;
  Send(now, records);
}

void FlightKeeper::SendAgainByClock(TimePoint now, Records* records) {
  timeout_ = std::min(timeout_ * 2, timeout_max_);
  Send(now, records);
}

void FlightKeeper::SendAgain(TimePoint now, Records* records) { Send(now, records); }

void FlightKeeper::Send(TimePoint now, Records* records) {
  sender_.SendFlight(flight_, BackedOffMtu(mtu_bytes_, times_sent_), records);
  ++times_sent_;
  sent_at_ = now;
}

}  // namespace native_dtls
