#ifdef __linux__

#include "bench/raw_echo.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace native_dtls {

namespace {

constexpr long kMtuBytes = 1400;

}  // namespace

int RawEcho::NewSocket() { return ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

std::unique_ptr<RawEcho> RawEcho::Listen(Options options) {
  const int descriptor = NewSocket();
  if (descriptor < 0) return nullptr;
  std::unique_ptr<RawEcho> echo(new RawEcho(descriptor));
  return echo->Prepare(std::move(options)) ? std::move(echo) : nullptr;
}

RawEcho::~RawEcho() { close(socket_); }

bool RawEcho::Prepare(Options options) {
  const int room = options.receive_buffer_bytes;
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(local);
  if (setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) != 0 ||
      bind(socket_, reinterpret_cast<const sockaddr*>(&local), sizeof(local)) != 0 ||
      getsockname(socket_, reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    return false;
  }
  port_ = ntohs(local.sin_port);
  context_ = RawContext::Create(std::move(options.credentials));
  return context_ && nobody_;
}

void RawEcho::RunUntilClosed(int descriptor) {
  while (Wait(descriptor)) Receive();
}

// False when the descriptor is closed.
bool RawEcho::Wait(int descriptor) const {
  std::array<pollfd, 2> waited{{{socket_, POLLIN, 0}, {descriptor, 0, 0}}};
  poll(waited.data(), waited.size(), -1);
  return (waited[1].revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

void RawEcho::Receive() {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> pieces;
  std::array<sockaddr_in, kBatch> peers;
  for (size_t i = 0; i < kBatch; ++i) {
    pieces[i] = {incoming_[i].data(), incoming_[i].size()};
    msghdr& message = messages[i].msg_hdr;
    message.msg_name = &peers[i];
    message.msg_namelen = sizeof(peers[i]);
    message.msg_iov = &pieces[i];
    message.msg_iovlen = 1;
  }
  const int count = recvmmsg(socket_, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (size_t i = 0; static_cast<int>(i) < count; ++i) {
    Serve(peers[i], ByteView(incoming_[i]).first(messages[i].msg_len));
  }
  Answer();
}

void RawEcho::Serve(const sockaddr_in& peer, ByteView datagram) {
  const uint64_t address = uint64_t{peer.sin_addr.s_addr} << 16 | peer.sin_port;
  SSL* ssl = SslOf(address, datagram);
  if (ssl == nullptr) return receivers_.resize(bio_.sizes().size(), peer);
  bool closed = false;
  // Shakes hands as well, and takes all records of the datagram.
  do {
    const int size = SSL_read(ssl, plaintext_.data(), static_cast<int>(plaintext_.size()));
    if (size > 0) {
      Take(ssl, peer, ByteView(plaintext_).first(static_cast<size_t>(size)));
    } else {
      const int error = SSL_get_error(ssl, size);
      closed = error != SSL_ERROR_WANT_READ;
      break;
    }
  } while (SSL_has_pending(ssl) == 1);
  receivers_.resize(bio_.sizes().size(), peer);
  if (closed) {
    ERR_clear_error();
    peers_.erase(address);
  }
}

void RawEcho::Take(SSL* ssl, const sockaddr_in&, ByteView message) {
  SSL_write(ssl, message.data(), static_cast<int>(message.size()));
}

// Ready to read what has come; null when a stranger is not taken in.
SSL* RawEcho::SslOf(uint64_t address, ByteView datagram) {
  const auto found = peers_.find(address);
  bio_.Offer(datagram);
  return found == peers_.end() ? Meet(address) : found->second.get();
}

// Asks for a cookie, and takes in who has brought it: the SSL object still holds the hello then.
SSL* RawEcho::Meet(uint64_t address) {
  if (!waiting_) {
    waiting_.reset(SSL_new(context_->ssl_ctx()));
    if (!waiting_ || !bio_.AttachTo(waiting_.get())) return nullptr;
    SSL_set_mtu(waiting_.get(), kMtuBytes);
    SSL_set_accept_state(waiting_.get());
  }
  context_->SetPeer(address);
  if (DTLSv1_listen(waiting_.get(), nobody_.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return peers_.emplace(address, std::move(waiting_)).first->second.get();
}

void RawEcho::Answer() {
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> pieces;
  ByteView rest = bio_.written();
  for (size_t begun = 0; begun < receivers_.size();) {
    const size_t count = std::min(kBatch, receivers_.size() - begun);
    for (size_t i = 0; i < count; ++i) {
      const size_t size = bio_.sizes()[begun + i];
      pieces[i] = {const_cast<uint8_t*>(rest.data()), size};
      rest = rest.subspan(size);
      messages[i] = {};
      msghdr& message = messages[i].msg_hdr;
      message.msg_name = &receivers_[begun + i];
      message.msg_namelen = sizeof(sockaddr_in);
      message.msg_iov = &pieces[i];
      message.msg_iovlen = 1;
    }
    for (size_t sent = 0; sent < count;) {
      const int done = sendmmsg(socket_, messages.data() + sent, static_cast<unsigned>(count - sent), 0);
      // One that cannot be sent is skipped: the load sees that it is lost.
      sent += done > 0 ? static_cast<size_t>(done) : 1;
    }
    begun += count;
  }
  bio_.Clear();
  receivers_.clear();
}

}  // namespace native_dtls

#endif
