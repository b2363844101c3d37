#include "core/handshake/flight.h"

#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

// Type, epoch, version and the length of the body, which fits a record.
constexpr size_t kHeadBytes = 1 + 2 + 2 + 2;

}  // namespace

PackedFlight::PackedFlight(const Flight& flight) {
  size_t size = 0;
  for (const FlightPart& part : flight) size += kHeadBytes + part.body.size();
  bytes_.resize(size);
  uint8_t* next = bytes_.data();
  for (const FlightPart& part : flight) {
    next = PutInteger(next, static_cast<uint8_t>(part.type), 1);
    next = PutInteger(next, part.epoch, 2);
    next = PutInteger(next, part.version, 2);
    next = PutInteger(next, part.body.size(), 2);
    next = std::ranges::copy(part.body, next).out;
  }
}

Flight PackedFlight::Unpack() const {
  Flight flight;
  ByteReader in(bytes_);
  while (!in.rest().empty()) {
    FlightPart part;
    part.type = static_cast<ContentType>(in.Integer(1));
    part.epoch = static_cast<uint16_t>(in.Integer(2));
    part.version = static_cast<uint16_t>(in.Integer(2));
    part.body = CopyOf(in.Vector(2));
    flight.push_back(std::move(part));
  }
  return flight;
}

}  // namespace native_dtls
