// A DTLS echo server over GnuTLS, as the raw loop is one over OpenSSL: batches from the kernel, a table of
// sessions by address, cookies, no timers, no limits. Says {"port":N} when it serves; ends when its
// standard input is closed. Linux only.
//
// gnutls_echo IDENTITY KEY(hex) RECEIVE_BUFFER_BYTES
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/hex.h"
#include "core/base/bytes.h"

using namespace native_dtls;

namespace {

constexpr size_t kBatch = 64;
constexpr size_t kDatagramBytes = 2048;
constexpr unsigned kMtuBytes = 1400;
constexpr char kPriorities[] =
    "NONE:+VERS-DTLS1.2:+PSK:+AES-128-GCM:+AEAD:+COMP-NULL:+SIGN-ALL:%SERVER_PRECEDENCE";

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void Check(int result, const char* what) {
  if (result >= 0) return;
  std::fprintf(stderr, "%s: %s\n", what, gnutls_strerror(result));
  std::exit(1);
}

struct Datagram {
  sockaddr_in peer;
  Bytes bytes;
};

// The one pre-shared key of the server.
struct Secret {
  std::string identity;
  Bytes key;
};
Secret secret;

int GivePsk(gnutls_session_t, const char* identity, gnutls_datum_t* key) {
  if (secret.identity != identity) return -1;
  key->data = static_cast<unsigned char*>(gnutls_malloc(secret.key.size()));
  if (key->data == nullptr) return -1;
  std::ranges::copy(secret.key, key->data);
  key->size = static_cast<unsigned>(secret.key.size());
  return 0;
}

class Peer {
 public:
  Peer(const sockaddr_in& address, gnutls_dtls_prestate_st& verified,
       gnutls_psk_server_credentials_t credentials, gnutls_priority_t priorities,
       std::vector<Datagram>& outgoing)
      : address_(address), outgoing_(outgoing) {
    Check(gnutls_init(&session_, GNUTLS_SERVER | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS),
          "gnutls_init");
    Check(gnutls_priority_set(session_, priorities), "gnutls_priority_set");
    Check(gnutls_credentials_set(session_, GNUTLS_CRD_PSK, credentials), "gnutls_credentials_set");
    gnutls_dtls_prestate_set(session_, &verified);
    gnutls_dtls_set_mtu(session_, kMtuBytes);
    gnutls_transport_set_ptr(session_, this);
    gnutls_transport_set_pull_function(session_, Pull);
    gnutls_transport_set_pull_timeout_function(session_, Wait);
    gnutls_transport_set_push_function(session_, Push);
  }
  ~Peer() { gnutls_deinit(session_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Shakes hands, or echoes what is in the datagram. False when the session has ended.
  bool Take(ByteView datagram) {
    incoming_ = datagram;
    if (!established_) {
      const int result = gnutls_handshake(session_);
      established_ = result == GNUTLS_E_SUCCESS;
      if (!established_) return gnutls_error_is_fatal(result) == 0;
    }
    std::array<uint8_t, kDatagramBytes> text;
    for (;;) {
      const ssize_t size = gnutls_record_recv(session_, text.data(), text.size());
      if (size == 0) return false;
      if (size < 0) return gnutls_error_is_fatal(static_cast<int>(size)) == 0;
      Check(static_cast<int>(gnutls_record_send(session_, text.data(), static_cast<size_t>(size))),
            "gnutls_record_send");
    }
  }

 private:
  static ssize_t Pull(gnutls_transport_ptr_t self, void* into, size_t room) {
    Peer& peer = *static_cast<Peer*>(self);
    if (peer.incoming_.empty()) {
      gnutls_transport_set_errno(peer.session_, EAGAIN);
      return -1;
    }
    const size_t size = std::min(room, peer.incoming_.size());
    std::memcpy(into, peer.incoming_.data(), size);
    peer.incoming_ = {};
    return static_cast<ssize_t>(size);
  }
  static int Wait(gnutls_transport_ptr_t self, unsigned) {
    return static_cast<Peer*>(self)->incoming_.empty() ? 0 : 1;
  }
  static ssize_t Push(gnutls_transport_ptr_t self, const void* from, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(from);
    Peer& peer = *static_cast<Peer*>(self);
    peer.outgoing_.push_back({peer.address_, Bytes(bytes, bytes + size)});
    return static_cast<ssize_t>(size);
  }

  const sockaddr_in address_;
  std::vector<Datagram>& outgoing_;
  gnutls_session_t session_ = nullptr;
  bool established_ = false;
  // Not read yet.
  ByteView incoming_;
};

class Server {
 public:
  explicit Server(int receive_buffer_bytes) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(local);
    if (socket_ < 0 ||
        setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes)) !=
            0 ||
        bind(socket_, reinterpret_cast<const sockaddr*>(&local), sizeof(local)) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&local), &size) != 0) {
      Die("socket");
    }
    port_ = ntohs(local.sin_port);
    Check(gnutls_psk_allocate_server_credentials(&credentials_), "gnutls_psk_allocate_server_credentials");
    gnutls_psk_set_server_credentials_function(credentials_, GivePsk);
    Check(gnutls_priority_init(&priorities_, kPriorities, nullptr), "gnutls_priority_init");
    Check(gnutls_key_generate(&cookie_key_, GNUTLS_COOKIE_KEY_SIZE), "gnutls_key_generate");
  }
  ~Server() {
    peers_.clear();
    gnutls_free(cookie_key_.data);
    gnutls_priority_deinit(priorities_);
    gnutls_psk_free_server_credentials(credentials_);
    close(socket_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const { return port_; }

  void RunUntilClosed(int descriptor) {
    std::array<pollfd, 2> waited{{{socket_, POLLIN, 0}, {descriptor, 0, 0}}};
    while (poll(waited.data(), waited.size(), -1) >= 0) {
      if ((waited[1].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return;
      Receive();
      Answer();
    }
  }

 private:
  void Receive() {
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> pieces;
    std::array<sockaddr_in, kBatch> peers;
    for (size_t i = 0; i < kBatch; ++i) {
      pieces[i] = {incoming_[i].data(), incoming_[i].size()};
      messages[i].msg_hdr.msg_name = &peers[i];
      messages[i].msg_hdr.msg_namelen = sizeof(peers[i]);
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = recvmmsg(socket_, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    for (size_t i = 0; static_cast<int>(i) < count; ++i) {
      Serve(peers[i], ByteView(incoming_[i]).first(messages[i].msg_len));
    }
  }

  void Serve(const sockaddr_in& from, ByteView datagram) {
    const uint64_t address = uint64_t{from.sin_addr.s_addr} << 16 | from.sin_port;
    auto found = peers_.find(address);
    if (found == peers_.end()) {
      gnutls_dtls_prestate_st verified{};
      if (!HasCookie(from, datagram, verified)) return;
      auto peer = std::make_unique<Peer>(from, verified, credentials_, priorities_, outgoing_);
      found = peers_.emplace(address, std::move(peer)).first;
    }
    if (!found->second->Take(datagram)) peers_.erase(found);
  }

  // A stranger without one is given it.
  bool HasCookie(const sockaddr_in& from, ByteView datagram, gnutls_dtls_prestate_st& verified) {
    Bytes hello(datagram.begin(), datagram.end());
    sockaddr_in name = from;
    if (gnutls_dtls_cookie_verify(&cookie_key_, &name, sizeof(name), hello.data(), hello.size(), &verified) ==
        GNUTLS_E_SUCCESS) {
      return true;
    }
    stranger_ = from;
    gnutls_dtls_cookie_send(&cookie_key_, &name, sizeof(name), &verified, this, PushToStranger);
    return false;
  }

  static ssize_t PushToStranger(gnutls_transport_ptr_t self, const void* from, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(from);
    Server& server = *static_cast<Server*>(self);
    server.outgoing_.push_back({server.stranger_, Bytes(bytes, bytes + size)});
    return static_cast<ssize_t>(size);
  }

  void Answer() {
    std::array<mmsghdr, kBatch> messages;
    std::array<iovec, kBatch> pieces;
    for (size_t begun = 0; begun < outgoing_.size(); begun += kBatch) {
      const size_t count = std::min(kBatch, outgoing_.size() - begun);
      for (size_t i = 0; i < count; ++i) {
        Datagram& datagram = outgoing_[begun + i];
        pieces[i] = {datagram.bytes.data(), datagram.bytes.size()};
        messages[i] = {};
        messages[i].msg_hdr.msg_name = &datagram.peer;
        messages[i].msg_hdr.msg_namelen = sizeof(datagram.peer);
        messages[i].msg_hdr.msg_iov = &pieces[i];
        messages[i].msg_hdr.msg_iovlen = 1;
      }
      for (size_t sent = 0; sent < count;) {
        const int done = sendmmsg(socket_, messages.data() + sent, static_cast<unsigned>(count - sent), 0);
        // One that cannot be sent is skipped: the load sees that it is lost.
        sent += done > 0 ? static_cast<size_t>(done) : 1;
      }
    }
    outgoing_.clear();
  }

  const int socket_;
  uint16_t port_ = 0;
  gnutls_psk_server_credentials_t credentials_ = nullptr;
  gnutls_priority_t priorities_ = nullptr;
  gnutls_datum_t cookie_key_{};
  // Who is being given a cookie.
  sockaddr_in stranger_{};
  std::vector<Datagram> outgoing_;
  std::unordered_map<uint64_t, std::unique_ptr<Peer>> peers_;
  std::array<std::array<uint8_t, kDatagramBytes>, kBatch> incoming_;
};

}  // namespace

int main(int count, char** values) {
  if (count != 4) {
    std::fprintf(stderr, "usage: gnutls_echo IDENTITY KEY(hex) RECEIVE_BUFFER_BYTES\n");
    return 2;
  }
  secret = {values[1], FromHex(values[2])};
  Server server(std::atoi(values[3]));
  std::printf("{\"port\":%u}\n", server.port());
  std::fflush(stdout);
  server.RunUntilClosed(STDIN_FILENO);
  return 0;
}
