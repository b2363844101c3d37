// A datagram BIO that costs next to nothing, so that what is measured over it is OpenSSL: writes are appended
// to a buffer that keeps its memory, one read is one datagram.
#pragma once

#include <vector>

#include "core/base/bytes.h"
#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

class MemoryBio {
 public:
  MemoryBio() = default;
  MemoryBio(const MemoryBio&) = delete;
  MemoryBio& operator=(const MemoryBio&) = delete;

  // Gives `ssl` the BIO, for both directions. The object must outlive the SSL.
  bool AttachTo(SSL* ssl);
  // What the next read hands out, once.
  void Offer(ByteView datagram) { incoming_ = datagram; }

  ByteView written() const { return written_; }
  // Sizes of the datagrams in `written`.
  const std::vector<size_t>& sizes() const { return sizes_; }
  void Clear() {
    written_.clear();
    sizes_.clear();
  }

 private:
  static const BIO_METHOD* Method();
  static int Read(BIO* bio, char* out, int size);
  static int Write(BIO* bio, const char* data, int size);
  static long Control(BIO* bio, int command, long number, void* pointer);

  ByteView incoming_;
  Bytes written_;
  std::vector<size_t> sizes_;
};

}  // namespace native_dtls
