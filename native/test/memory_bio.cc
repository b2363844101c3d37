#include "test/memory_bio.h"

namespace native_dtls {

bool MemoryBio::AttachTo(SSL* ssl) {
  BIO* bio = Method() == nullptr ? nullptr : BIO_new(Method());
  if (bio == nullptr) return false;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  return true;
}

const BIO_METHOD* MemoryBio::Method() {
  static const BIO_METHOD* const method = []() -> const BIO_METHOD* {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams in memory");
    if (made == nullptr) return nullptr;
    BIO_meth_set_read(made, Read);
    BIO_meth_set_write(made, Write);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }();
  return method;
}

int MemoryBio::Read(BIO* bio, char* out, int size) {
  auto* self = static_cast<MemoryBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ByteView datagram = self->incoming_;
  self->incoming_ = {};
  if (datagram.empty() || size <= 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t taken = std::min(datagram.size(), static_cast<size_t>(size));
  std::copy_n(datagram.data(), taken, reinterpret_cast<uint8_t*>(out));
  return static_cast<int>(taken);
}

int MemoryBio::Write(BIO* bio, const char* data, int size) {
  auto* self = static_cast<MemoryBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (size > 0) {
    self->written_.insert(self->written_.end(), data, data + size);
    self->sizes_.push_back(static_cast<size_t>(size));
  }
  return size;
}

long MemoryBio::Control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DGRAM_SET_PEER ||
         command == BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT;
}

}  // namespace native_dtls
