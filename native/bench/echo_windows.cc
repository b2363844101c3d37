#include "bench/echo_windows.h"

#include <algorithm>
#include <cstring>

namespace native_dtls {

namespace {

constexpr auto kStalled = std::chrono::milliseconds(200);
// A peer with many others has to wait for its turn.
constexpr size_t kTurns = 4;

}  // namespace

EchoWindows::EchoWindows(size_t peers, size_t window, size_t message_bytes)
    : window_(window), slots_(peers * window), peers_(peers), message_(std::max(message_bytes, kLeastBytes)) {
  for (size_t i = kLeastBytes; i < message_.size(); ++i) message_[i] = static_cast<uint8_t>(7 * i);
}

EchoWindows::Round EchoWindows::Run(EchoCarrier& carrier, Clock::duration duration, size_t most_in_flight) {
  round_ = {};
  most_in_flight_ = std::clamp<size_t>(most_in_flight, 1, kMostInFlight);
  const Clock::time_point start = Clock::now();
  heard_at_ = start;
  for (Peer& peer : peers_) peer = {start, 0};
  for (size_t slot = 0; slot < slots_.size(); ++slot) ready_.push_back(slot);
  SendReady(carrier);
  Clock::time_point next_look = start + kStalled;
  for (Clock::time_point now = start; now - start < duration; now = Clock::now()) {
    carrier.Turn();
    if (now >= next_look) {
      GiveUpStalled();
      next_look = now + kStalled;
    }
    SendReady(carrier);
  }
  round_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  round_.echoes = round_.answered;
  heard_at_ = Clock::now();
  while (in_flight_ > 0 && Clock::now() - heard_at_ < kStalled) carrier.Turn();
  for (size_t slot = 0; slot < slots_.size(); ++slot) GiveUp(slot);
  ready_.clear();
  return round_;
}

void EchoWindows::Take(size_t peer, ByteView message) {
  uint64_t number = 0;
  uint32_t named_peer = 0;
  uint32_t place = 0;
  if (message.size() >= kLeastBytes) {
    std::memcpy(&number, message.data(), 8);
    std::memcpy(&named_peer, message.data() + 8, 4);
    std::memcpy(&place, message.data() + 12, 4);
  }
  const bool whole = message.size() == message_.size() && peer < peers_.size() && named_peer == peer &&
                     place < window_ && number > 0 && number < next_number_ &&
                     SameBytes(message.subspan(kLeastBytes), ByteView(message_).subspan(kLeastBytes));
  if (!whole) {
    ++round_.wrong;
    return;
  }
  Slot& slot = slots_[peer * window_ + place];
  if (!slot.in_flight || slot.number != number) {
    ++round_.late;
    return;
  }
  const Clock::time_point now = Clock::now();
  round_.round_trips.Add(static_cast<uint64_t>((now - slot.sent_at).count()));
  slot.in_flight = false;
  --in_flight_;
  ready_.push_back(peer * window_ + place);
  peers_[peer] = {now, ++round_.answered};
  heard_at_ = now;
}

void EchoWindows::Send(EchoCarrier& carrier, size_t slot) {
  const uint64_t number = next_number_++;
  const auto peer = static_cast<uint32_t>(slot / window_);
  const auto place = static_cast<uint32_t>(slot % window_);
  std::memcpy(message_.data(), &number, 8);
  std::memcpy(message_.data() + 8, &peer, 4);
  std::memcpy(message_.data() + 12, &place, 4);
  slots_[slot] = {number, true, Clock::now()};
  ++in_flight_;
  carrier.Send(peer, message_);
}

void EchoWindows::SendReady(EchoCarrier& carrier) {
  for (; !ready_.empty() && in_flight_ < most_in_flight_; ready_.pop_front()) Send(carrier, ready_.front());
}

void EchoWindows::GiveUpStalled() {
  const Clock::time_point now = Clock::now();
  const bool all_stand = now - heard_at_ >= kStalled;
  for (size_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = peers_[i];
    const bool overtaken = round_.answered - peer.answered_then >= kTurns * slots_.size();
    if (now - peer.heard_at < kStalled || !(all_stand || overtaken)) continue;
    for (size_t place = 0; place < window_; ++place) GiveUp(i * window_ + place);
    peer = {now, round_.answered};
  }
}

void EchoWindows::GiveUp(size_t slot) {
  if (!std::exchange(slots_[slot].in_flight, false)) return;
  --in_flight_;
  ++round_.lost;
  ready_.push_back(slot);
}

}  // namespace native_dtls
