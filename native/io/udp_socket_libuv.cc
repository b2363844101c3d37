// Plain libuv, for systems without batches of datagrams (and for tests of those on systems with).
#include <array>
#include <cstring>

#include "io/udp_socket.h"

namespace native_dtls {

namespace {

class LibuvUdpSocket final : public UdpSocket {
 public:
  LibuvUdpSocket(uv_loop_t* loop, Listener* listener) : loop_(loop), listener_(listener) {
    request_.data = this;
  }

  int Open(const UdpOptions& options, const sockaddr* local) override {
    ipv6_ = options.ipv6;
    const int error = uv_udp_init_ex(loop_, &udp_, ipv6_ ? AF_INET6 : AF_INET);
    if (error != 0) return error;
    udp_.data = this;
    open_ = true;
    unsigned int flags = ipv6_ && options.ipv6_only ? UV_UDP_IPV6ONLY : 0;
    if (options.reuse_address) flags |= UV_UDP_REUSEADDR;
    // libuv can do that since 1.49, which not every Node has.
    if (options.reuse_port) return UV_ENOTSUP;
    if (const int refused = uv_udp_bind(&udp_, local, flags)) return refused;
    auto* handle = reinterpret_cast<uv_handle_t*>(&udp_);
    int bytes = options.receive_buffer_bytes;
    if (bytes > 0 && uv_recv_buffer_size(handle, &bytes) != 0) return UV_EINVAL;
    int now = 0;
    bytes = options.least_receive_buffer_bytes;
    // It goes on with what it has if it gets no more.
    if (bytes > 0 && uv_recv_buffer_size(handle, &now) == 0 && now < bytes)
      uv_recv_buffer_size(handle, &bytes);
    bytes = options.send_buffer_bytes;
    return bytes > 0 ? uv_send_buffer_size(handle, &bytes) : 0;
  }

  int Connect(const sockaddr* peer) override {
    connected_ = true;
    return uv_udp_connect(&udp_, peer);
  }

  int Start() override { return uv_udp_recv_start(&udp_, Allocate, OnReceived); }

  int Flush() override {
    while (!closed_ && !sending_ && !queue_.empty()) SendOne();
    return std::exchange(told_, 0);
  }

  int LocalAddress(sockaddr_storage* out) const override {
    int size = sizeof(*out);
    return uv_udp_getsockname(&udp_, reinterpret_cast<sockaddr*>(out), &size);
  }

  void Ref(bool refed) override { RefHandle(reinterpret_cast<uv_handle_t*>(&udp_), refed); }

  void Close(void (*closed)(void*), void* data) override {
    if (std::exchange(closed_, true)) return;
    on_closed_ = closed;
    closed_data_ = data;
    if (!open_) return closed(data);
    // No more than the kernel takes at once.
    closed_ = false;
    Flush();
    closed_ = true;
    uv_close(reinterpret_cast<uv_handle_t*>(&udp_), [](uv_handle_t* handle) {
      auto* self = static_cast<LibuvUdpSocket*>(handle->data);
      self->on_closed_(self->closed_data_);
    });
  }

 private:
  static LibuvUdpSocket* Of(uv_udp_t* udp) { return static_cast<LibuvUdpSocket*>(udp->data); }

  // One datagram at a time is dealt with.
  static void Allocate(uv_handle_t*, size_t, uv_buf_t* out) {
    thread_local const auto room = std::make_unique_for_overwrite<std::array<uint8_t, kMaxDatagramBytes>>();
    *out = uv_buf_init(reinterpret_cast<char*>(room->data()), static_cast<unsigned int>(room->size()));
  }

  static void OnReceived(uv_udp_t* udp, ssize_t size, const uv_buf_t* buffer, const sockaddr* peer,
                         unsigned) {
    LibuvUdpSocket* self = Of(udp);
    if (self->closed_ || (size == 0 && peer == nullptr)) return;
    if (size < 0) return self->ReceiveFailed(static_cast<int>(size));
    Received received{native_dtls::PathOf(peer),
                      ByteView(reinterpret_cast<const uint8_t*>(buffer->base), static_cast<size_t>(size))};
    self->listener_->OnReceived(std::span(&received, 1));
  }

  void ReceiveFailed(int error) {
    if (error != UV_EBADF && error != UV_ENOTSOCK) return listener_->OnError(error);
    uv_udp_recv_stop(&udp_);
    listener_->OnDead(error);
  }

  void SendOne() {
    const SendQueue::Entry& next = queue_.waiting().front();
    const ByteView bytes = queue_.BytesOf(next);
    uv_buf_t piece = uv_buf_init(const_cast<char*>(reinterpret_cast<const char*>(bytes.data())),
                                 static_cast<unsigned int>(bytes.size()));
    sockaddr_storage storage;
    AddressOf(next.to, ipv6_, &storage);
    const auto* peer = connected_ ? nullptr : reinterpret_cast<const sockaddr*>(&storage);
    const int sent = uv_udp_try_send(&udp_, &piece, 1, peer);
    if (sent >= 0) return queue_.NoteSent(1);
    if (sent == UV_ECONNREFUSED && connected_ && told_ == 0) {
      told_ = sent;
    } else if (sent == UV_EAGAIN) {
      SendLater(bytes, peer);
    } else {
      queue_.NoteRefused(sent);
    }
  }

  // libuv tells when the kernel takes this one; the others wait behind it.
  void SendLater(ByteView bytes, const sockaddr* peer) {
    waiting_.assign(bytes.begin(), bytes.end());
    uv_buf_t piece =
        uv_buf_init(reinterpret_cast<char*>(waiting_.data()), static_cast<unsigned int>(waiting_.size()));
    const int error = uv_udp_send(&request_, &udp_, &piece, 1, peer, [](uv_udp_send_t* request, int status) {
      static_cast<LibuvUdpSocket*>(request->data)->NoteSentLater(status);
    });
    if (error != 0) return queue_.NoteRefused(error);
    sending_ = true;
  }

  void NoteSentLater(int status) {
    sending_ = false;
    if (status == 0) {
      queue_.NoteSent(1);
    } else {
      queue_.NoteRefused(status);
    }
    if (closed_) return;
    if (const int error = Flush()) listener_->OnError(error);
    if (!sending_ && !closed_) listener_->OnDrained();
  }

  uv_loop_t* const loop_;
  Listener* const listener_;
  uv_udp_t udp_;
  uv_udp_send_t request_;
  Bytes waiting_;
  bool open_ = false;
  bool ipv6_ = false;
  bool connected_ = false;
  bool sending_ = false;
  bool closed_ = false;
  int told_ = 0;
  void (*on_closed_)(void*) = nullptr;
  void* closed_data_ = nullptr;
};

}  // namespace

std::unique_ptr<UdpSocket> UdpSocket::NewPortable(uv_loop_t* loop, Listener* listener) {
  return std::make_unique<LibuvUdpSocket>(loop, listener);
}

#ifndef __linux__
std::unique_ptr<UdpSocket> UdpSocket::New(uv_loop_t* loop, Listener* listener) {
  return NewPortable(loop, listener);
}
#endif

}  // namespace native_dtls
