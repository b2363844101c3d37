// The ceiling: a DTLS echo server that is nothing but OpenSSL and the system's batched calls, in one loop
// that never returns to JavaScript. One SSL object a peer, found by its address, and one that waits for the
// next who comes back with its cookie: strangers leave nothing behind. No timers, no limits. Linux only.
#pragma once

#include <netinet/in.h>

#include <array>
#include <memory>
#include <unordered_map>

#include "bench/raw_context.h"
#include "test/memory_bio.h"

namespace native_dtls {

class RawEcho {
 public:
  struct Options {
    RawCredentials credentials;
    int receive_buffer_bytes = 0;
  };

  // Null when the socket or OpenSSL refuses something.
  static std::unique_ptr<RawEcho> Listen(Options options);
  virtual ~RawEcho();
  RawEcho(const RawEcho&) = delete;
  RawEcho& operator=(const RawEcho&) = delete;

  uint16_t port() const { return port_; }
  // Until the other end of that descriptor is closed.
  void RunUntilClosed(int descriptor);

 protected:
  // Negative when there is none to be had.
  static int NewSocket();
  explicit RawEcho(int socket) : socket_(socket) {}
  bool Prepare(Options options);
  // What is done with a message; written to `ssl`, the answer leaves with the batch.
  virtual void Take(SSL* ssl, const sockaddr_in& peer, ByteView message);
  // Sends what lies in the BIO.
  void Answer();

  const int socket_;
  // Under all SSL objects: they take turns.
  MemoryBio bio_;

 private:
  static constexpr size_t kBatch = 64;
  static constexpr size_t kDatagramBytes = 2048;

  bool Wait(int descriptor) const;
  void Receive();
  void Serve(const sockaddr_in& peer, ByteView datagram);
  SSL* SslOf(uint64_t address, ByteView datagram);
  SSL* Meet(uint64_t address);

  uint16_t port_ = 0;
  std::unique_ptr<RawContext> context_;
  const OpenSslPtr<BIO_ADDR, BIO_ADDR_free> nobody_{BIO_ADDR_new()};
  std::unordered_map<uint64_t, SslPtr> peers_;
  SslPtr waiting_;
  std::array<std::array<uint8_t, kDatagramBytes>, kBatch> incoming_;
  std::array<uint8_t, kDatagramBytes> plaintext_;
  // To whom each datagram goes that lies in the BIO.
  std::vector<sockaddr_in> receivers_;
};

}  // namespace native_dtls
