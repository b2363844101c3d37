#ifdef __linux__

#include "bench/raw_echo.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace native_dtls {

namespace {

constexpr char kCipher[] = "PSK-AES128-GCM-SHA256";
constexpr long kMtuBytes = 1400;

unsigned int GivePsk(SSL* ssl, const char* identity, unsigned char* key, unsigned int room) {
  const auto* options = static_cast<const RawEcho::Options*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (options->identity != identity || options->key.size() > room) return 0;
  std::ranges::copy(options->key, key);
  return static_cast<unsigned int>(options->key.size());
}

}  // namespace

int RawEcho::NewSocket() { return ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

std::unique_ptr<RawEcho> RawEcho::Listen(const Options& options) {
  const int descriptor = NewSocket();
  if (descriptor < 0) return nullptr;
  std::unique_ptr<RawEcho> echo(new RawEcho(descriptor));
  return echo->Prepare(options) ? std::move(echo) : nullptr;
}

RawEcho::~RawEcho() { close(socket_); }

bool RawEcho::Prepare(const Options& options) {
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
  options_ = options;
  ctx_.reset(SSL_CTX_new(DTLS_server_method()));
  if (!ctx_ || SSL_CTX_set_app_data(ctx_.get(), &options_) != 1) return false;
  SSL_CTX_set_options(ctx_.get(), SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(ctx_.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx_.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_psk_server_callback(ctx_.get(), GivePsk);
  return SSL_CTX_set_min_proto_version(ctx_.get(), DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(ctx_.get(), kCipher) == 1;
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
  SSL* ssl = SslOf(address);
  if (ssl == nullptr) return;
  bio_.Offer(datagram);
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

// A new one for a stranger.
SSL* RawEcho::SslOf(uint64_t address) {
  const auto found = peers_.find(address);
  if (found != peers_.end()) return found->second.get();
  SslPtr ssl(SSL_new(ctx_.get()));
  if (!ssl || !bio_.AttachTo(ssl.get())) return nullptr;
  SSL_set_mtu(ssl.get(), kMtuBytes);
  SSL_set_accept_state(ssl.get());
  return peers_.emplace(address, std::move(ssl)).first->second.get();
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
