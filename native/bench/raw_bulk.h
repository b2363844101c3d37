// The ceiling for a stream of messages to one peer: SSL_write, and the datagrams that wait leave as one call
// with UDP_SEGMENT.
#pragma once

#include "bench/raw_echo.h"

namespace native_dtls {

class RawBulk : public RawEcho {
 public:
  // Null as for RawEcho::Listen.
  static std::unique_ptr<RawBulk> Listen(Options options, size_t message_bytes);

 private:
  RawBulk(int socket, size_t message_bytes);
  // A credit: up to which number it may send.
  void Take(SSL* ssl, const sockaddr_in& peer, ByteView credit) override;
  void Flush(const sockaddr_in& peer);

  Bytes message_;
  uint64_t next_ = 0;
};

}  // namespace native_dtls
