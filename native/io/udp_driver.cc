#include "io/udp_driver.h"

#include <algorithm>

namespace native_dtls {

namespace {

// Whether there is a record in the clear in it, wherever.
bool HasCleartext(ByteView datagram) {
  while (const auto record = TakeRecord(datagram)) {
    if (record->header.epoch == 0) return true;
    // How long its header is only the endpoint knows; and a Connection ID is no stranger's.
    if (record->header.type == ContentType::kTls12Cid) return false;
  }
  return false;
}

}  // namespace

UdpDriver::UdpDriver(uv_loop_t* loop, Endpoint* endpoint, Host* host, TimePoint now, bool portable)
    : endpoint_(endpoint),
      host_(host),
      origin_(static_cast<int64_t>(uv_hrtime() / 1000) - now.time_since_epoch().count()),
      loop_(loop),
      socket_(portable ? UdpSocket::NewPortable(loop, this) : UdpSocket::New(loop, this)) {}

void UdpDriver::TakeDatagrams(const Path* sender) {
  Outbox& outbox = endpoint_->outbox();
  for (const Outbox::Datagram& datagram : outbox.datagrams()) {
    const Path* to = DestinationOf(datagram, sender);
    if (to != nullptr) socket_->Send(*to, outbox.BytesAt(datagram.offset, datagram.size));
  }
  outbox.ForgetDatagrams();
  CountLost();
}

const Path* UdpDriver::DestinationOf(const Outbox::Datagram& datagram, const Path* sender) const {
  if (datagram.to == Destination::kSender || datagram.handle == kNoHandle) return sender;
  const Path* candidate =
      datagram.to == Destination::kCandidate ? endpoint_->CandidateOf(datagram.handle) : nullptr;
  return candidate != nullptr ? candidate : endpoint_->PathOf(datagram.handle);
}

void UdpDriver::Close(void (*closed)(void*), void* data) {
  host_ = nullptr;
  on_closed_ = closed;
  closed_data_ = data;
  socket_->Close(
      [](void* driver) {
        auto* self = static_cast<UdpDriver*>(driver);
        if (!self->has_next_turn_) return self->on_closed_(self->closed_data_);
        uv_close(reinterpret_cast<uv_handle_t*>(&self->next_turn_), [](uv_handle_t* handle) {
          auto* owner = static_cast<UdpDriver*>(handle->data);
          owner->on_closed_(owner->closed_data_);
        });
      },
      this);
}

int UdpDriver::Flush() {
  const int error = socket_->Flush();
  CountLost();
  return error;
}

void UdpDriver::OnDroppedBySystem(uint64_t count) {
  if (host_ != nullptr) endpoint_->NoteDroppedByKernel(count);
}

void UdpDriver::OnDrained() {
  if (host_ == nullptr) return;
  CountLost();
  host_->OnDrained();
}

void UdpDriver::OnError(int error) {
  if (host_ != nullptr) host_->OnError(error);
}

void UdpDriver::OnDead(int error) {
  if (host_ != nullptr) host_->OnDead(error);
}

// Protected records first. What is in the clear belongs to a handshake, or is a stranger's.
void UdpDriver::OnReceived(std::span<UdpSocket::Received> batch) {
  if (host_ == nullptr) return;
  const TimePoint now = Now();
  if (endpoint_->is_large()) {
    for (const auto& received : batch) endpoint_->Expect(received.path);
    for (const auto& received : batch) endpoint_->ExpectSoon(received.path);
  }
  endpoint_->BeginBatch();
  size_t handshakes = 0;
  // Moved to the front of the batch, in their order.
  for (const auto& received : batch) {
    const bool protected_record = !HasCleartext(received.datagram);
    if (protected_record && !MustWaitBehind(batch.first(handshakes), received.path)) {
      Receive(now, received.path, received.datagram);
    } else {
      batch[handshakes++] = received;
    }
  }
  if (handshakes < batch.size() && !EndBatch()) return;
  ReceiveHandshakes(batch.first(handshakes));
}

// The order of what one peer sends stays as it is.
bool UdpDriver::MustWaitBehind(std::span<const UdpSocket::Received> earlier, const Path& path) const {
  return std::ranges::find(earlier, path, &UdpSocket::Received::path) != earlier.end() || deferred_.Has(path);
}

void UdpDriver::ReceiveHandshakes(std::span<const UdpSocket::Received> batch) {
  if (batch.empty()) return;
  // Those from before go first, in a turn of their own.
  const uint64_t end = deferred_.empty() ? uv_hrtime() + kHandshakeTurnNs : 0;
  endpoint_->BeginBatch();
  for (const auto& [path, datagram] : batch) {
    if (deferred_.empty() && uv_hrtime() < end) {
      Receive(Now(), path, datagram);
    } else {
      // Nothing is lost for want of room, and nobody is overtaken.
      if (deferred_.full()) ReceiveOldest();
      Defer(path, datagram);
    }
  }
  EndBatch();
}

void UdpDriver::ReceiveDeferred() {
  const uint64_t end = uv_hrtime() + kHandshakeTurnNs;
  endpoint_->BeginBatch();
  do {
    ReceiveOldest();
  } while (!deferred_.empty() && uv_hrtime() < end);
  if (deferred_.empty()) uv_idle_stop(&next_turn_);
  EndBatch();
}

void UdpDriver::ReceiveOldest() {
  const DeferredDatagrams::Entry entry = deferred_.Take();
  Receive(Now(), entry.path, entry.datagram);
}

void UdpDriver::Receive(TimePoint now, const Path& path, ByteView datagram) {
  endpoint_->ReceiveNext(now, path, datagram);
  TakeDatagrams(&path);
}

bool UdpDriver::EndBatch() {
  host_->OnBatch();
  // It may have closed.
  if (host_ == nullptr) return false;
  if (const int error = Flush()) OnError(error);
  return host_ != nullptr;
}

void UdpDriver::Defer(const Path& path, ByteView datagram) {
  if (!has_next_turn_) {
    uv_idle_init(loop_, &next_turn_);
    next_turn_.data = this;
    // Only the socket decides whether the process lives on.
    uv_unref(reinterpret_cast<uv_handle_t*>(&next_turn_));
    has_next_turn_ = true;
  }
  deferred_.Add(path, datagram);
  uv_idle_start(&next_turn_, OnNextTurn);
}

void UdpDriver::OnNextTurn(uv_idle_t* idle) {
  auto* self = static_cast<UdpDriver*>(idle->data);
  if (self->host_ == nullptr || self->deferred_.empty()) {
    uv_idle_stop(idle);
    return;
  }
  self->ReceiveDeferred();
}

}  // namespace native_dtls
