#include "core/crypto/datagram_bio.h"

#include "core/base/defence.h"

namespace native_dtls {

namespace {

// IPv6 and UDP headers. Only asked for when OpenSSL computes with a link MTU, which we never give it.
constexpr long kLinkOverheadBytes = 48;

}  // namespace

bool DatagramBio::AttachTo(SSL* ssl) {
  const BIO_METHOD* method = Method();
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return false;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  return true;
}

const BIO_METHOD* DatagramBio::Method() {
  // Immutable once made, shared by all threads, and kept for the life of the process: BIOs point to it.
  static const BIO_METHOD* const method = []() -> const BIO_METHOD* {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "native-dtls datagrams");
    if (made == nullptr) return nullptr;
    BIO_meth_set_read(made, Read);
    BIO_meth_set_write(made, Write);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }();
  return method;
}

int DatagramBio::Read(BIO* bio, char* out, int size) {
  auto* self = static_cast<DatagramBio*>(BIO_get_data(bio));
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

int DatagramBio::Write(BIO* bio, const char* data, int size) {
  auto* self = static_cast<DatagramBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (!Stands(Defence::kWritesNeverRefused) && !self->written_.empty()) {
    BIO_set_retry_write(bio);
    return -1;
  }
  if (size > 0) {
    const ByteView datagram(reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size));
    self->written_.push_back(CopyOf(datagram));
  }
  return size;
}

long DatagramBio::Control(BIO* bio, int command, long number, void*) {
  const auto* self = static_cast<const DatagramBio*>(BIO_get_data(bio));
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
    case BIO_CTRL_DGRAM_SET_PEER:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
      return 1;
    case BIO_CTRL_GET_CLOSE:
      return BIO_get_shutdown(bio);
    case BIO_CTRL_SET_CLOSE:
      BIO_set_shutdown(bio, static_cast<int>(number));
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return static_cast<long>(self->mtu_bytes_);
    case BIO_CTRL_DGRAM_SET_MTU:
      return number;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
      return kLinkOverheadBytes;
    default:
      return 0;
  }
}

}  // namespace native_dtls
