// The extension by which two sides agree on Connection IDs (RFC 9146 section 3): what this side says in it,
// and what the peer has said. It knows no records.
#pragma once

#include <openssl/ssl.h>

#include <optional>

#include "core/base/bytes.h"
#include "core/handshake/role.h"
#include "core/records/records.h"

namespace native_dtls {

class ConnectionIdExtension {
 public:
  static constexpr uint16_t kType = 54;

  // `own`: what this side wants to find in the records it receives, empty for nothing; none when the
  // extension is not to be used. A Connection ID that leaves no room in a datagram of `mtu_bytes` is not
  // agreed on.
  ConnectionIdExtension(Role role, std::optional<Bytes> own, size_t mtu_bytes);

  // How long the Connection IDs in received records are, should it come to that.
  size_t own_bytes() const { return own_ ? own_->size() : 0; }
  // Of a ServerHello that has been sent or read: both empty when nothing was agreed on.
  ConnectionIds Agreed() const;

  // Finds the object that speaks for an SSL.
  using Finder = ConnectionIdExtension& (*)(const SSL*);
  // Has OpenSSL send and read the extension.
  template <Finder kFind>
  static bool Install(SSL_CTX* ctx);

 private:
  int Write(const unsigned char** out, size_t* size);
  int Read(ByteView body, int* alert);

  const Role role_;
  const std::optional<Bytes> own_;
  const size_t max_peer_bytes_;
  std::optional<Bytes> peer_;
  // OpenSSL reads it after Write has returned.
  Bytes written_;
};

template <ConnectionIdExtension::Finder kFind>
bool ConnectionIdExtension::Install(SSL_CTX* ctx) {
  const auto write = [](SSL* ssl, unsigned int, unsigned int, const unsigned char** out, size_t* size, X509*,
                        size_t, int*, void*) { return kFind(ssl).Write(out, size); };
  const auto read = [](SSL* ssl, unsigned int, unsigned int, const unsigned char* in, size_t size, X509*,
                       size_t, int* alert, void*) { return kFind(ssl).Read(ByteView(in, size), alert); };
  return SSL_CTX_add_custom_ext(ctx, kType, SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO, write,
                                nullptr, nullptr, read, nullptr) == 1;
}

}  // namespace native_dtls
