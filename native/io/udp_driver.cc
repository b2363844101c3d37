#include "io/udp_driver.h"

namespace native_dtls {

UdpDriver::UdpDriver(uv_loop_t* loop, Endpoint* endpoint, Host* host, TimePoint now, bool portable)
    : endpoint_(endpoint),
      host_(host),
      origin_(static_cast<int64_t>(uv_hrtime() / 1000) - now.time_since_epoch().count()),
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
  socket_->Close(closed, data);
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

void UdpDriver::OnReceived(std::span<const UdpSocket::Received> batch) {
  if (host_ == nullptr) return;
  const TimePoint now = Now();
  endpoint_->BeginBatch();
  for (const auto& [path, datagram] : batch) {
    endpoint_->ReceiveNext(now, path, datagram);
    TakeDatagrams(&path);
  }
  host_->OnBatch();
  // It may have closed.
  if (host_ == nullptr) return;
  if (const int error = Flush()) OnError(error);
}

}  // namespace native_dtls
