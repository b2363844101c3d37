#include "core/handshake/psk_identity_reader.h"

namespace native_dtls {

void PskIdentityReader::Add(const HandshakeFragment& fragment) {
  for (size_t i = 0; i < fragment.body.size() && fragment.offset + i < prefix_.size(); ++i) {
    prefix_[fragment.offset + i] = fragment.body[i];
    present_.set(fragment.offset + i);
  }
}

std::optional<ByteView> PskIdentityReader::identity() const {
  if (!HasFirst(kLengthBytes)) return std::nullopt;
  const size_t size = std::min(announced_bytes(), kMaxIdentityBytes);
  if (!HasFirst(kLengthBytes + size)) return std::nullopt;
  return ByteView(prefix_).subspan(kLengthBytes, size);
}

bool PskIdentityReader::too_long() const { return announced_bytes() > kMaxIdentityBytes; }

bool PskIdentityReader::HasFirst(size_t count) const {
  for (size_t i = 0; i < count; ++i) {
    if (!present_[i]) return false;
  }
  return true;
}

}  // namespace native_dtls
