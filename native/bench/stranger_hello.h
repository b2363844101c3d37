// A ClientHello as strangers send it to a cookie gate, for measurements of what one costs.
#pragma once

#include "core/base/bytes.h"

namespace native_dtls {

// As GnuTLS, mbedTLS and OpenSSL write it, as far as a gate looks: nobody could shake hands with it.
Bytes WriteStrangerHello(ByteView cookie);

// Where the random of such a hello lies, for whoever wants many different ones.
inline constexpr size_t kStrangerRandomOffset = 13 + 12 + 2;

}  // namespace native_dtls
