// A flight that is left to OpenSSL, over the core's DatagramBio: written in answer to a hello, and repeated
// by OpenSSL when its own clock strikes. The library does neither; it gives OpenSSL the same BIO.
#pragma once

#include <optional>
#include <vector>

#include "test/ssl_pair.h"

namespace native_dtls {

struct RepeatedFlight {
  // A write was refused before the flight was all written.
  bool refused;
  // Up to there, and from when the clock struck.
  std::vector<Bytes> written;
  std::vector<Bytes> repeated;
};

// The server's first flight after a hello, in datagrams of at most `mtu_bytes`. Nothing when OpenSSL cannot
// be made to answer.
std::optional<RepeatedFlight> RepeatFlight(const SslPair::Identity& identity, size_t mtu_bytes);

}  // namespace native_dtls
