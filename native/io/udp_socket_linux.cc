// Linux: a descriptor of our own that libuv watches. recvmmsg and sendmmsg carry a batch in one call; a burst
// of equal datagrams to one peer goes out as one (UDP_SEGMENT).
#ifdef __linux__

#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "io/overload_guard_linux.h"
#include "io/udp_socket.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace native_dtls {

namespace {

// What one call with UDP_SEGMENT may carry.
constexpr size_t kMaxSegments = 64;
constexpr size_t kMaxSegmentedBytes = 65'000;

// Where datagrams are received, for all sockets of a thread: they are dealt with before the next are asked
// for.
struct Arena {
  Arena() : messages() {
    for (size_t i = 0; i < UdpSocket::kBatch; ++i) {
      pieces[i] = {datagrams[i].data(), datagrams[i].size()};
      msghdr& message = messages[i].msg_hdr;
      message.msg_name = &peers[i];
      message.msg_namelen = sizeof(peers[i]);
      message.msg_iov = &pieces[i];
      message.msg_iovlen = 1;
    }
  }
  // Of these the kernel has written over what it was told of the peers' addresses.
  void MakeReadyAgain(size_t count) {
    for (size_t i = 0; i < count; ++i) messages[i].msg_hdr.msg_namelen = sizeof(peers[i]);
  }

  std::array<mmsghdr, UdpSocket::kBatch> messages;
  std::array<iovec, UdpSocket::kBatch> pieces;
  std::array<sockaddr_storage, UdpSocket::kBatch> peers;
  std::array<UdpSocket::Received, UdpSocket::kBatch> received;
  std::array<std::array<uint8_t, UdpSocket::kMaxDatagramBytes>, UdpSocket::kBatch> datagrams;
};

class LinuxUdpSocket final : public UdpSocket {
 public:
  LinuxUdpSocket(uv_loop_t* loop, Listener* listener)
      : loop_(loop),
        listener_(listener),
        guard_([listener](uint64_t dropped) { listener->OnDroppedBySystem(dropped); }) {}

  ~LinuxUdpSocket() override { CloseDescriptor(); }

  int Open(const UdpOptions& options, const sockaddr* local) override {
    ipv6_ = options.ipv6;
    thin_hellos_ = options.thin_hellos;
    descriptor_ = socket(ipv6_ ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) return -errno;
    if (ipv6_ && !Set(IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0)) return -errno;
    if (options.reuse_address && !Set(SOL_SOCKET, SO_REUSEADDR, 1)) return -errno;
    if (options.reuse_port && !Set(SOL_SOCKET, SO_REUSEPORT, 1)) return -errno;
    if (options.receive_buffer_bytes > 0 && !Set(SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes))
      return -errno;
    if (options.send_buffer_bytes > 0 && !Set(SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes))
      return -errno;
    WidenReceiveBuffer(options.least_receive_buffer_bytes);
    // As with Linux's default "don't fragment" is set, and what an ICMP message says of the path is heeded.
    // But no identification is chosen, which for many peers takes longer than the rest of the IP header
    // (RFC 6864 section 4.1).
    // Where the system has another default, that stands.
    whole_ = Get(IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_WANT &&
             Set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    return bind(descriptor_, local, SizeOf(local)) == 0 ? 0 : -errno;
  }

  int Connect(const sockaddr* peer) override {
    if (connect(descriptor_, peer, SizeOf(peer)) != 0) return -errno;
    connected_ = true;
    return 0;
  }

  int Start() override {
    const int error = uv_poll_init(loop_, &poll_, descriptor_);
    if (error != 0) return error;
    poll_.data = this;
    polls_ = true;
    // What one peer sends needs no fairness.
    if (const int failed = guard_.Start(loop_, descriptor_, thin_hellos_ && !connected_)) return failed;
    return Watch(false);
  }

  int Flush() override {
    if (!blocked_ && !closed_) SendAll();
    if (blocked_) Watch(true);
    return std::exchange(told_, 0);
  }

  int LocalAddress(sockaddr_storage* out) const override {
    socklen_t size = sizeof(*out);
    return getsockname(descriptor_, reinterpret_cast<sockaddr*>(out), &size) == 0 ? 0 : -errno;
  }

  void Ref(bool refed) override {
    if (polls_) RefHandle(reinterpret_cast<uv_handle_t*>(&poll_), refed);
  }

  void Close(void (*closed)(void*), void* data) override {
    if (std::exchange(closed_, true)) return;
    on_closed_ = closed;
    closed_data_ = data;
    SendAll();
    // The port is free when this returns. libuv must have let go of the descriptor before.
    if (polls_) {
      uv_poll_stop(&poll_);
      guard_.Stop();
    }
    CloseDescriptor();
    if (!polls_) return closed(data);
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
      auto* self = static_cast<LinuxUdpSocket*>(handle->data);
      self->guard_.Close([self] { self->on_closed_(self->closed_data_); });
    });
  }

 private:
  static socklen_t SizeOf(const sockaddr* address) {
    return address->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  }

  bool Set(int level, int option, int value) {
    return setsockopt(descriptor_, level, option, &value, sizeof(value)) == 0;
  }

  // Negative when the system does not say.
  int Get(int level, int option) {
    int value = 0;
    socklen_t size = sizeof(value);
    return getsockopt(descriptor_, level, option, &value, &size) == 0 ? value : -1;
  }

  void WidenReceiveBuffer(int bytes) {
    const int now = Get(SOL_SOCKET, SO_RCVBUF);
    if (now >= 0 && now < bytes) Set(SOL_SOCKET, SO_RCVBUF, bytes);
  }

  void CloseDescriptor() {
    if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  }

  int Watch(bool writable) {
    return uv_poll_start(&poll_, UV_READABLE | (writable ? UV_WRITABLE : 0), OnPoll);
  }

  static void OnPoll(uv_poll_t* poll, int status, int events) {
    auto* self = static_cast<LinuxUdpSocket*>(poll->data);
    if (status < 0) return self->TakeError(status);
    if ((events & UV_WRITABLE) != 0) self->GoOnSending();
    if ((events & UV_READABLE) != 0 && !self->closed_) self->Receive();
  }

  void GoOnSending() {
    SendAll();
    if (const int error = std::exchange(told_, 0)) listener_->OnError(error);
    if (blocked_ || closed_) return;
    Watch(false);
    listener_->OnDrained();
  }

  // libuv stops watching where the system reports an error. It may be no more than what an ICMP message said.
  void TakeError(int status) {
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return Die(status);
    if (const int failed = Watch(blocked_)) return Die(failed);
    if (error != 0) listener_->OnError(-error);
  }

  // Whatever is wrong with the descriptor will be so again: nobody must wait for that in a circle.
  void Die(int error) {
    uv_poll_stop(&poll_);
    listener_->OnDead(error);
  }

  void Receive() {
    thread_local const auto arena = std::make_unique<Arena>();
    const int taken = recvmmsg(descriptor_, arena->messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (taken < 0) return ReceiveFailed(errno);
    const auto count = static_cast<size_t>(taken);
    for (size_t i = 0; i < count; ++i) {
      arena->received[i] = {PathOf(reinterpret_cast<const sockaddr*>(&arena->peers[i])),
                            ByteView(arena->datagrams[i]).first(arena->messages[i].msg_len)};
    }
    arena->MakeReadyAgain(count);
    const auto batch = std::span(arena->received).first(count);
    guard_.NoteBatch(batch, batch.size() == kBatch);
    listener_->OnReceived(batch);
  }

  void ReceiveFailed(int error) {
    if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR) return;
    if (error == EBADF || error == ENOTSOCK || error == ENOTCONN || error == EFAULT) return Die(-error);
    listener_->OnError(-error);
  }

  void SendAll() {
    blocked_ = false;
    while (!queue_.empty() && SendBatch()) {
    }
  }

  // False when the kernel takes no more.
  bool SendBatch() {
    const auto waiting = queue_.waiting();
    std::array<mmsghdr, kBatch> messages;
    std::array<iovec, kBatch> pieces;
    std::array<sockaddr_storage, kBatch> peers;
    alignas(cmsghdr) std::array<std::array<uint8_t, CMSG_SPACE(sizeof(uint16_t))>, kBatch> controls;
    std::array<size_t, kBatch> datagrams;
    size_t count = 0;
    for (size_t next = 0; next < waiting.size() && count < kBatch; ++count) {
      const size_t run = RunAt(waiting, next);
      const SendQueue::Entry& first = waiting[next];
      const SendQueue::Entry& last = waiting[next + run - 1];
      // What was queued together lies together.
      const size_t bytes = last.offset + last.size - first.offset;
      pieces[count] = {const_cast<uint8_t*>(queue_.BytesOf(first).data()), bytes};
      messages[count] = {};
      msghdr& message = messages[count].msg_hdr;
      message.msg_iov = &pieces[count];
      message.msg_iovlen = 1;
      if (!connected_) {
        message.msg_name = &peers[count];
        message.msg_namelen = AddressOf(first.to, ipv6_, &peers[count]);
      }
      if (run > 1) SegmentAs(static_cast<uint16_t>(first.size), message, controls[count]);
      datagrams[count] = run;
      next += run;
    }
    const int sent = Hand(messages, count);
    if (sent < 0) return SendFailed(errno, datagrams[0]);
    size_t gone = 0;
    for (int i = 0; i < sent; ++i) gone += datagrams[static_cast<size_t>(i)];
    queue_.NoteSent(gone);
    return true;
  }

  // How many the kernel has taken. For a single one the plain call is the cheaper.
  int Hand(std::span<mmsghdr> messages, size_t count) {
    if (count > 1) return sendmmsg(descriptor_, messages.data(), static_cast<unsigned>(count), 0);
    return sendmsg(descriptor_, &messages[0].msg_hdr, 0) < 0 ? -1 : 1;
  }

  // How many datagrams from there on can go out as one: to one peer, and of one size but for the last.
  size_t RunAt(std::span<const SendQueue::Entry> waiting, size_t first) const {
    if (!segments_) return 1;
    const SendQueue::Entry& head = waiting[first];
    size_t run = 1;
    size_t bytes = head.size;
    while (first + run < waiting.size() && run < kMaxSegments) {
      const SendQueue::Entry& next = waiting[first + run];
      bytes += next.size;
      if (next.size > head.size || bytes > kMaxSegmentedBytes || !(next.to == head.to)) break;
      ++run;
      if (next.size < head.size) break;
    }
    return run;
  }

  static void SegmentAs(uint16_t bytes, msghdr& message, std::span<uint8_t> control) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof(bytes));
    std::memcpy(CMSG_DATA(header), &bytes, sizeof(bytes));
  }

  bool SendFailed(int error, size_t datagrams) {
    switch (error) {
      case EINTR:
        return true;
      case EAGAIN:
#if EWOULDBLOCK != EAGAIN
      case EWOULDBLOCK:
#endif
        blocked_ = true;
        return false;
      // What an ICMP message said about an earlier datagram: this one can be sent again at once.
      case ECONNREFUSED:
        if (connected_ && told_ == 0) {
          told_ = -error;
          return true;
        }
        break;
      // It must be fragmented; from now on the kernel does that where there is need.
      case EMSGSIZE:
        if (whole_ && Set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT)) {
          whole_ = false;
          return true;
        }
        [[fallthrough]];
      // Not every path knows segments, or such large ones; one datagram at a time may do.
      case EINVAL:
      case EIO:
      case EOPNOTSUPP:
        if (datagrams > 1) {
          segments_ = false;
          return true;
        }
        break;
      default:
        break;
    }
    queue_.NoteRefused(-error);
    return true;
  }

  uv_loop_t* const loop_;
  Listener* const listener_;
  int descriptor_ = -1;
  uv_poll_t poll_;
  OverloadGuard guard_;
  bool thin_hellos_ = true;
  bool polls_ = false;
  bool ipv6_ = false;
  bool connected_ = false;
  bool segments_ = true;
  // No datagram has had to be fragmented yet.
  bool whole_ = false;
  // The kernel takes nothing for the time being; the loop tells when it does.
  bool blocked_ = false;
  // What the kernel has said of earlier datagrams, and nobody has heard yet.
  int told_ = 0;
  bool closed_ = false;
  void (*on_closed_)(void*) = nullptr;
  void* closed_data_ = nullptr;
};

}  // namespace

std::unique_ptr<UdpSocket> UdpSocket::New(uv_loop_t* loop, Listener* listener) {
  return std::make_unique<LinuxUdpSocket>(loop, listener);
}

}  // namespace native_dtls

#endif
