#include "bench/tls_stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace native_dtls {

namespace {

constexpr char kCipher[] = "PSK-AES128-GCM-SHA256";
// The longest record, and what the kernel hands over at a time.
constexpr size_t kRecordBytes = 16384;
constexpr size_t kReadBytes = 65536;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

[[noreturn]] void Refuse(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

unsigned int GivePsk(SSL* ssl, const char*, char* identity, unsigned int identity_room, unsigned char* key,
                     unsigned int key_room) {
  const auto* context = static_cast<const TlsStream::Context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (context->identity().size() >= identity_room || context->key().size() > key_room) return 0;
  *std::ranges::copy(context->identity(), identity).out = '\0';
  std::ranges::copy(context->key(), key);
  return static_cast<unsigned int>(context->key().size());
}

int Connect(uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) Die("socket");
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(port);
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&server), sizeof(server)) != 0) Die("connect");
  const int on = 1;
  if (setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) Die("TCP_NODELAY");
  if (fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) Die("O_NONBLOCK");
  return descriptor;
}

BIO* NewMemoryBio() {
  BIO* bio = BIO_new(BIO_s_mem());
  if (bio == nullptr) Refuse("no memory for a BIO");
  // Empty is not the end.
  BIO_set_mem_eof_return(bio, -1);
  return bio;
}

}  // namespace

TlsStream::Context::Context(std::string identity, Bytes key)
    : identity_(std::move(identity)), key_(std::move(key)), ctx_(SSL_CTX_new(TLS_client_method())) {
  if (!ctx_ || SSL_CTX_set_app_data(ctx_.get(), this) != 1 ||
      SSL_CTX_set_min_proto_version(ctx_.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(ctx_.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx_.get(), kCipher) != 1) {
    Refuse("OpenSSL refuses PSK-AES128-GCM-SHA256 over TLS");
  }
  SSL_CTX_set_mode(ctx_.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_psk_client_callback(ctx_.get(), GivePsk);
}

TlsStream::TlsStream(const Context& context, uint16_t port)
    : socket_(Connect(port)),
      ssl_(SSL_new(context.get())),
      incoming_(NewMemoryBio()),
      outgoing_(NewMemoryBio()) {
  if (!ssl_) Refuse("no memory for a connection");
  SSL_set_bio(ssl_.get(), incoming_, outgoing_);
  SSL_set_connect_state(ssl_.get());
  Shake();
}

TlsStream::~TlsStream() { close(socket_); }

void TlsStream::Write(ByteView message) {
  if (SSL_write(ssl_.get(), message.data(), static_cast<int>(message.size())) <= 0) {
    Refuse("a connection has ended");
  }
}

void TlsStream::Flush() {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(outgoing_, &bytes);
  if (size <= 0) return;
  const ssize_t sent = send(socket_, bytes, static_cast<size_t>(size), MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno == EAGAIN) return;
    Die("send");
  }
  std::array<uint8_t, kRecordBytes> gone;
  for (ssize_t left = sent; left > 0;) {
    left -= BIO_read(outgoing_, gone.data(), static_cast<int>(std::min<ssize_t>(left, kRecordBytes)));
  }
}

void TlsStream::Receive(const std::function<void(ByteView)>& take, size_t message_bytes) {
  std::array<uint8_t, kReadBytes> read;
  for (bool more = true; more;) {
    const ssize_t size = recv(socket_, read.data(), read.size(), 0);
    if (size == 0) Refuse("the server has closed a connection");
    if (size < 0) {
      if (errno == EAGAIN) return;
      Die("recv");
    }
    // Less than there was room for: that was all.
    more = static_cast<size_t>(size) == read.size();
    BIO_write(incoming_, read.data(), static_cast<int>(size));
    if (!established_) Shake();
    std::array<uint8_t, kRecordBytes> text;
    for (int got; established_ && (got = SSL_read(ssl_.get(), text.data(), kRecordBytes)) > 0;) {
      Cut(ByteView(text).first(static_cast<size_t>(got)), take, message_bytes);
    }
  }
}

void TlsStream::Shake() {
  const int result = SSL_do_handshake(ssl_.get());
  established_ = result == 1;
  if (!established_ && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    Refuse("a TLS handshake has failed");
  }
}

void TlsStream::Cut(ByteView read, const std::function<void(ByteView)>& take, size_t message_bytes) {
  while (!read.empty()) {
    if (partial_.empty() && read.size() >= message_bytes) {
      take(read.first(message_bytes));
      read = read.subspan(message_bytes);
      continue;
    }
    const size_t some = std::min(message_bytes - partial_.size(), read.size());
    partial_.insert(partial_.end(), read.begin(), read.begin() + static_cast<ptrdiff_t>(some));
    read = read.subspan(some);
    if (partial_.size() < message_bytes) continue;
    take(partial_);
    partial_.clear();
  }
}

}  // namespace native_dtls
