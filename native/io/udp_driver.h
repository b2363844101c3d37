// Brings an endpoint the datagrams of a socket of its own, a batch at a time, and carries away those that it
// makes. It knows neither keys nor JavaScript.
#pragma once

#include <uv.h>

#include <memory>

#include "core/endpoint/endpoint.h"
#include "io/deferred_datagrams.h"
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
  void OnReceived(std::span<UdpSocket::Received> batch) override;
  void OnDroppedBySystem(uint64_t count) override;
  void OnDrained() override;
  void OnError(int error) override;
  void OnDead(int error) override;

  // Handshakes may take so long in a turn of the loop; what is left of them waits for the next one, and
  // records of established associations that come meanwhile go first.
  static constexpr uint64_t kHandshakeTurnNs = 500'000;

  bool MustWaitBehind(std::span<const UdpSocket::Received> earlier, const Path& path) const;
  void ReceiveHandshakes(std::span<const UdpSocket::Received> batch);
  void ReceiveDeferred();
  void ReceiveOldest();
  void Receive(TimePoint now, const Path& path, ByteView datagram);
  // Whether it is still open.
  bool EndBatch();
  void Defer(const Path& path, ByteView datagram);
  static void OnNextTurn(uv_idle_t* idle);

  void CountLost() { endpoint_->NoteUnsent(socket_->queue().TakeLost()); }
  const Path* DestinationOf(const Outbox::Datagram& datagram, const Path* sender) const;

  Endpoint* const endpoint_;
  // Null once closed.
  Host* host_;
  const int64_t origin_;
  uv_loop_t* const loop_;
  std::unique_ptr<UdpSocket> socket_;
  DeferredDatagrams deferred_;
  // Runs while something is deferred. There once something was.
  uv_idle_t next_turn_;
  bool has_next_turn_ = false;
  void (*on_closed_)(void*) = nullptr;
  void* closed_data_ = nullptr;
};

}  // namespace native_dtls
