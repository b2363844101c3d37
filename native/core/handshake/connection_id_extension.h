// The extensions by which two sides agree on Connection IDs (RFC 9146 section 3) and on the check of a peer's
// new address (RFC 9853 section 3): what this side says in them, and what the peer has said.
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
  // agreed on. `return_routability`: whether this side would check new addresses, and have its own checked.
  ConnectionIdExtension(Role role, std::optional<Bytes> own, bool return_routability, size_t mtu_bytes);

  // How long the Connection IDs in received records are, should it come to that.
  size_t own_bytes() const { return own_ ? own_->size() : 0; }
  // Of a ServerHello that has been sent or read: both empty when nothing was agreed on.
  ConnectionIds Agreed() const;

  // Finds the object that speaks for an SSL.
  using Finder = ConnectionIdExtension& (*)(const SSL*);
  // Has OpenSSL send and read the extensions.
  template <Finder kFind>
  static bool Install(SSL_CTX* ctx);

 private:
  static constexpr uint16_t kReturnRoutabilityType = 61;

  int Write(const unsigned char** out, size_t* size);
  int Read(ByteView body, int* alert);
  int WriteReturnRoutability(const unsigned char** out, size_t* size) const;
  int ReadReturnRoutability(ByteView body, int* alert);

  const Role role_;
  const std::optional<Bytes> own_;
  const bool return_routability_;
  const size_t max_peer_bytes_;
  std::optional<Bytes> peer_;
  bool peer_return_routability_ = false;
  // OpenSSL reads it after Write has returned.
  Bytes written_;
};

template <ConnectionIdExtension::Finder kFind>
bool ConnectionIdExtension::Install(SSL_CTX* ctx) {
  const auto write = [](SSL* ssl, unsigned int, unsigned int, const unsigned char** out, size_t* size, X509*,
                        size_t, int*, void*) { return kFind(ssl).Write(out, size); };
  const auto read = [](SSL* ssl, unsigned int, unsigned int, const unsigned char* in, size_t size, X509*,
                       size_t, int* alert, void*) { return kFind(ssl).Read(ByteView(in, size), alert); };
  const auto write_check = [](SSL* ssl, unsigned int, unsigned int, const unsigned char** out, size_t* size,
                              X509*, size_t, int*,
                              void*) { return kFind(ssl).WriteReturnRoutability(out, size); };
  const auto read_check = [](SSL* ssl, unsigned int, unsigned int, const unsigned char* in, size_t size,
                             X509*, size_t, int* alert,
                             void*) { return kFind(ssl).ReadReturnRoutability(ByteView(in, size), alert); };
  constexpr unsigned int kWhere = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO;
  return SSL_CTX_add_custom_ext(ctx, kType, kWhere, write, nullptr, nullptr, read, nullptr) == 1 &&
         SSL_CTX_add_custom_ext(ctx, kReturnRoutabilityType, kWhere, write_check, nullptr, nullptr,
                                read_check, nullptr) == 1;
}

}  // namespace native_dtls
