#ifdef __linux__

#include "bench/raw_bulk.h"

#include <netinet/udp.h>
#include <sys/socket.h>

#include <cstring>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace native_dtls {

namespace {

// What one call may carry.
constexpr size_t kMaxSegments = 64;
constexpr size_t kMaxSegmentedBytes = 65'000;

}  // namespace

std::unique_ptr<RawBulk> RawBulk::Listen(Options options, size_t message_bytes) {
  const int descriptor = NewSocket();
  if (descriptor < 0) return nullptr;
  std::unique_ptr<RawBulk> bulk(new RawBulk(descriptor, message_bytes));
  return bulk->Prepare(std::move(options)) ? std::move(bulk) : nullptr;
}

RawBulk::RawBulk(int socket, size_t message_bytes)
    : RawEcho(socket), message_(std::max(message_bytes, sizeof(next_))) {
  for (size_t i = sizeof(next_); i < message_.size(); ++i) message_[i] = static_cast<uint8_t>(7 * i);
}

void RawBulk::Take(SSL* ssl, const sockaddr_in& peer, ByteView credit) {
  uint64_t granted = 0;
  if (credit.size() != sizeof(granted)) return;
  std::memcpy(&granted, credit.data(), sizeof(granted));
  Answer();
  for (; next_ < granted; ++next_) {
    std::memcpy(message_.data(), &next_, sizeof(next_));
    SSL_write(ssl, message_.data(), static_cast<int>(message_.size()));
    const bool full = bio_.sizes().size() == kMaxSegments ||
                      bio_.written().size() + bio_.sizes().front() > kMaxSegmentedBytes;
    if (full) Flush(peer);
  }
  if (!bio_.sizes().empty()) Flush(peer);
}

void RawBulk::Flush(const sockaddr_in& peer) {
  const auto segment = static_cast<uint16_t>(bio_.sizes().front());
  iovec piece{const_cast<uint8_t*>(bio_.written().data()), bio_.written().size()};
  alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(segment))> control{};
  msghdr message{};
  message.msg_name = const_cast<sockaddr_in*>(&peer);
  message.msg_namelen = sizeof(peer);
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_UDP;
  header->cmsg_type = UDP_SEGMENT;
  header->cmsg_len = CMSG_LEN(sizeof(segment));
  std::memcpy(CMSG_DATA(header), &segment, sizeof(segment));
  // What cannot be sent is lost: the sink sees that.
  sendmsg(socket_, &message, 0);
  bio_.Clear();
}

}  // namespace native_dtls

#endif
