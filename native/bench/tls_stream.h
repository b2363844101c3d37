// One TLS 1.2 connection of a client with a pre-shared key, over a TCP socket that never waits. Linux only.
#pragma once

#include <functional>
#include <string>

#include "core/base/bytes.h"
#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

class TlsStream {
 public:
  // What all connections share. Exits with a message when OpenSSL refuses the suite.
  class Context {
   public:
    Context(std::string identity, Bytes key);
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    SSL_CTX* get() const { return ctx_.get(); }
    const std::string& identity() const { return identity_; }
    const Bytes& key() const { return key_; }

   private:
    const std::string identity_;
    const Bytes key_;
    const SslCtxPtr ctx_;
  };

  // To 127.0.0.1; connected when this returns, and the first flight is written. Exits with a message when it
  // cannot be.
  TlsStream(const Context& context, uint16_t port);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  int socket() const { return socket_; }
  bool established() const { return established_; }
  // One record; leaves with the next Flush.
  void Write(ByteView message);
  // As much as the kernel takes.
  void Flush();
  // Reads until nothing is left and shakes hands by it; hands out each message that is whole. Exits with a
  // message when the connection has ended.
  void Receive(const std::function<void(ByteView)>& take, size_t message_bytes);

 private:
  void Shake();
  void Cut(ByteView read, const std::function<void(ByteView)>& take, size_t message_bytes);

  const int socket_;
  const SslPtr ssl_;
  // OpenSSL's ends of what comes and of what goes; `ssl_` owns them.
  BIO* const incoming_;
  BIO* const outgoing_;
  bool established_ = false;
  // The beginning of a message whose end has not come.
  Bytes partial_;
};

}  // namespace native_dtls
