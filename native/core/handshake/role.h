// The two sides of a handshake.
#pragma once

#include <cstdint>

namespace native_dtls {

enum class Role : uint8_t { kClient, kServer };

}  // namespace native_dtls
