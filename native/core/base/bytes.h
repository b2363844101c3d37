// Views of bytes and the few ways in which they are compared and wiped. No OpenSSL.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace native_dtls {

using ByteView = std::span<const uint8_t>;
using Bytes = std::vector<uint8_t>;

inline bool SameBytes(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

inline Bytes CopyOf(ByteView view) { return Bytes(view.begin(), view.end()); }

}  // namespace native_dtls
