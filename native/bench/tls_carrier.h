// Messages over TLS: one TCP connection a peer, and a stream that is cut where the messages end. Linux only.
#pragma once

#include "bench/echo_carrier.h"

namespace native_dtls {

struct TlsCarrierSettings {
  uint16_t port = 0;
  std::string identity;
  Bytes key;
  size_t peers = 0;
  // Of all messages.
  size_t message_bytes = 0;
};

// All peers are connected when this returns. Exits with a message when one cannot be, or is closed later.
std::unique_ptr<EchoCarrier> NewTlsCarrier(const TlsCarrierSettings& settings, EchoCarrier::Take take);

}  // namespace native_dtls
