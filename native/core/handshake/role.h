// The two sides of a handshake.
#pragma once

namespace native_dtls {

enum class Role { kClient, kServer };

}  // namespace native_dtls
