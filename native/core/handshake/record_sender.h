// Puts records into datagrams: numbers them, seals those of epoch 1, cuts handshake messages to the MTU, and
// packs as many as fit.
#pragma once

#include "core/base/outbox.h"
#include "core/handshake/flight.h"
#include "core/records/records.h"
#include "core/wire/alert.h"
#include "core/wire/handshake_message.h"
#include "core/wire/path_message.h"

namespace native_dtls {

class RecordSender {
 public:
  RecordSender(Outbox* outbox, Handle handle) : outbox_(outbox), handle_(handle) {}

  // Epoch 0 goes on with the number of the ClientHello that brought the cookie (RFC 6347 section 4.2.1).
  void ContinueFrom(uint64_t sequence) { next_plaintext_ = sequence; }
  uint64_t next_plaintext() const { return next_plaintext_; }

  // `records` may be null as long as there is nothing of epoch 1 to send.
  void SendFlight(const Flight& flight, size_t mtu_bytes, Records* records);
  void SendAlert(AlertLevel level, Alert alert, Records* records);
  // One record in a datagram of its own. False when it could not be sealed.
  bool SendRecord(const FlightPart& part, Records* records);
  bool SendMessage(ByteView message, Records& records);
  bool SendPathMessage(const PathMessage& message, Records& records, Destination to);

 private:
  class Packer;

  // Writes one record; returns how many bytes. 0 when it could not be sealed.
  size_t PutRecord(const RecordHeader& header, ByteView body, Records* records, uint8_t* out);
  bool SendAlone(const RecordHeader& header, ByteView body, Records* records,
                 Destination to = Destination::kPeer);

  Outbox* outbox_;
  Handle handle_;
  uint64_t next_plaintext_ = 0;
};

}  // namespace native_dtls
