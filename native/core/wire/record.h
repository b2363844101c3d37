// DTLS 1.2 records as they stand in a datagram (RFC 6347 section 4.1).
#pragma once

#include <optional>

#include "core/base/bytes.h"

namespace native_dtls {

enum class ContentType : uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
  // A protected record with a Connection ID; its real type is inside (RFC 9146 section 3).
  kTls12Cid = 25,
  // RFC 9853 section 4.
  kReturnRoutabilityCheck = 27,
};

inline constexpr uint16_t kDtls10 = 0xfeff;
inline constexpr uint16_t kDtls12 = 0xfefd;

// Without a Connection ID.
inline constexpr size_t kRecordHeaderBytes = 13;
inline constexpr size_t kMaxConnectionIdBytes = 255;
inline constexpr size_t kMaxPlaintextBytes = 1 << 14;
// RFC 5246 section 6.2.3: what protection may add at the most.
inline constexpr size_t kMaxRecordBodyBytes = kMaxPlaintextBytes + 2048;

struct RecordHeader {
  ContentType type;
  uint16_t version;
  uint16_t epoch;
  uint64_t sequence;
};

struct Record {
  RecordHeader header;
  // Of a record of type kTls12Cid; empty otherwise.
  ByteView connection_id;
  ByteView body;
  // Header and body.
  ByteView whole;
};

// Takes the first record off `datagram`. Nothing when what is left is not a whole record; then nothing more
// can be read from this datagram. A record does not say how long its Connection ID is: the receiver, who gave
// it out, knows.
std::optional<Record> TakeRecord(ByteView& datagram, size_t connection_id_bytes = 0);

// Writes a header and returns the place behind it.
uint8_t* PutRecordHeader(uint8_t* out, const RecordHeader& header, size_t body_bytes,
                         ByteView connection_id = {});

}  // namespace native_dtls
