// Reads the PSK identity out of a ClientKeyExchange (RFC 4279 section 2, RFC 5489 section 2), which may come
// in fragments and in any order: the identity is its first vector.
#pragma once

#include <array>
#include <bitset>
#include <optional>

#include "core/wire/handshake_message.h"

namespace native_dtls {

class PskIdentityReader {
 public:
  static constexpr size_t kMaxIdentityBytes = 255;

  void Add(const HandshakeFragment& fragment);

  // Nothing until all of it is there. Longer identities than kMaxIdentityBytes are cut: `too_long` tells.
  std::optional<ByteView> identity() const;
  bool too_long() const;

 private:
  static constexpr size_t kLengthBytes = 2;

  size_t announced_bytes() const { return size_t{prefix_[0]} << 8 | prefix_[1]; }
  bool HasFirst(size_t count) const;

  std::array<uint8_t, kLengthBytes + kMaxIdentityBytes> prefix_{};
  std::bitset<kLengthBytes + kMaxIdentityBytes> present_;
};

}  // namespace native_dtls
