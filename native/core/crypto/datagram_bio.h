// The BIO under an SSL object: one read is one datagram, one write is one datagram, and no write ever asks to
// be tried again (a suspended handshake write is what CVE-2026-84782 needs).
#pragma once

#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

class DatagramBio {
 public:
  // The object must outlive the SSL that uses the BIO.
  explicit DatagramBio(size_t mtu_bytes) : mtu_bytes_(mtu_bytes) {}
  DatagramBio(const DatagramBio&) = delete;
  DatagramBio& operator=(const DatagramBio&) = delete;

  // Gives `ssl` the BIO, for both directions. False when there was no memory.
  bool AttachTo(SSL* ssl);

  // What the next read hands out, once. The bytes must stay until then or until Withdraw.
  void Offer(ByteView datagram) { incoming_ = datagram; }
  void Withdraw() { incoming_ = {}; }

  // What has been written since the last time, in order.
  std::vector<Bytes> TakeWritten() { return std::exchange(written_, {}); }

 private:
  static const BIO_METHOD* Method();
  static int Read(BIO* bio, char* out, int size);
  static int Write(BIO* bio, const char* data, int size);
  static long Control(BIO* bio, int command, long number, void* pointer);

  size_t mtu_bytes_;
  ByteView incoming_;
  std::vector<Bytes> written_;
};

}  // namespace native_dtls
