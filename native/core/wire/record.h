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
};

inline constexpr uint16_t kDtls10 = 0xfeff;
inline constexpr uint16_t kDtls12 = 0xfefd;

inline constexpr size_t kRecordHeaderBytes = 13;
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
  ByteView body;
  // Header and body.
  ByteView whole;
};

// Takes the first record off `datagram`. Nothing when what is left is not a whole record; then nothing more
// can be read from this datagram.
std::optional<Record> TakeRecord(ByteView& datagram);

// Writes the 13 bytes of a header and returns the place behind them.
uint8_t* PutRecordHeader(uint8_t* out, const RecordHeader& header, size_t body_bytes);

}  // namespace native_dtls
