// What one side says at a time in a handshake, kept as plaintext so that it can be said again (RFC 6347
// section 4.2.4).
#pragma once

#include <vector>

#include "core/wire/record.h"

namespace native_dtls {

struct FlightPart {
  ContentType type;
  uint16_t epoch;
  uint16_t version;
  // Of a handshake record: one fragment with its header.
  Bytes body;
};

using Flight = std::vector<FlightPart>;

// A flight that waits for a long time: one block of bytes, not one for each part.
class PackedFlight {
 public:
  explicit PackedFlight(const Flight& flight);
  Flight Unpack() const;

 private:
  Bytes bytes_;
};

}  // namespace native_dtls
