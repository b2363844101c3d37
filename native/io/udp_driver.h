// Brings an endpoint the datagrams of a socket of its own, a batch at a time, and carries away those that it
// makes. It knows neither keys nor JavaScript.
#pragma once

#include <uv.h>

#include <memory>

#include "core/endpoint/endpoint.h"
#include "io/udp_socket.h"

namespace native_dtls {

class UdpDriver : private UdpSocket::Listener {
 public:
  // Called by the loop, never from inside a call of ours. May close the driver, and must not delete it.
  class Host {
   public:
    virtual ~Host() = default;
    // A batch has been received: what happened, if anything did, lies in the outbox.
    virtual void OnBatch() = 0;
    virtual void OnDrained() = 0;
    virtual void OnError(int error) = 0;
    virtual void OnDead(int error) = 0;
  };

  // `endpoint` and `host` must outlive the object. `now`: the time on the caller's clock, which runs as
  // libuv's does.
  UdpDriver(uv_loop_t* loop, Endpoint* endpoint, Host* host, TimePoint now, bool portable);

  UdpSocket& socket() { return *socket_; }
  // As UdpSocket::Close; from now on nothing is told, and the host and the endpoint may go.
  void Close(void (*closed)(void*), void* data);
  TimePoint Now() const { return TimePoint(Duration(static_cast<int64_t>(uv_hrtime() / 1000) - origin_)); }

  // Queues what the endpoint's last call wants to send. `sender`: of the datagram in hand, if there is one.
  // What finds no room is counted.
  void TakeDatagrams(const Path* sender = nullptr);
  // As UdpSocket::Flush; what the system refuses is counted.
  int Flush();

 private:
  void OnReceived(std::span<const UdpSocket::Received> batch) override;
  void OnDroppedBySystem(uint64_t count) override;
  void OnDrained() override;
  void OnError(int error) override;
  void OnDead(int error) override;

  void CountLost() { endpoint_->NoteUnsent(socket_->queue().TakeLost()); }
  const Path* DestinationOf(const Outbox::Datagram& datagram, const Path* sender) const;

  Endpoint* const endpoint_;
  // Null once closed.
  Host* host_;
  const int64_t origin_;
  std::unique_ptr<UdpSocket> socket_;
};

}  // namespace native_dtls
