// What a hello of a stranger costs, in loops that only native code can time.
#pragma once

#include <cstddef>

namespace native_dtls {

struct GateCost {
  // Nanoseconds to judge one ClientHello without a cookie, each from another address: a HelloVerifyRequest is
  // made.
  double hello;
  // The same with a good cookie.
  double cookie;
  // Nanoseconds of the HMAC alone, over as many bytes, with a context that is prepared once.
  double bare_hmac;
};

// The best of so many rounds, of so many hellos each; all zero when the gate did not do what it should.
GateCost MeasureGate(size_t rounds, size_t hellos);

}  // namespace native_dtls
