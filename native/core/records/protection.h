// One protected record at a time: the standard form of DTLS 1.2 (RFC 6347 section 4.1.2, RFC 5246
// section 6.2.3.3), and the one with a Connection ID (RFC 9146). No counters, no window: who seals sees to it
// that no number is used twice.
#pragma once

#include <optional>

#include "core/crypto/aead.h"
#include "core/wire/record.h"

namespace native_dtls {

struct Opened {
  ContentType type;
  ByteView plaintext;
};

// Writes the sealed record, ProtectedBytes in all, to `out`, which must not be where the plaintext is. With a
// Connection ID the type goes inside. False when OpenSSL fails.
bool Protect(AeadPool& pool, const TrafficKey& key, const RecordHeader& header, ByteView connection_id,
             ByteView plaintext, uint8_t* out);

inline size_t ProtectedBytes(const TrafficKey& key, size_t connection_id_bytes, size_t plaintext_bytes) {
  const size_t inner_type_bytes = connection_id_bytes == 0 ? 0 : 1;
  return kRecordHeaderBytes + connection_id_bytes + key.shape().overhead_bytes() + plaintext_bytes +
         inner_type_bytes;
}

// Opens a record in `room`, which has the size of its body and is not where it is; the plaintext lies
// somewhere in it. Nothing when the record is too short or does not verify, and then nothing of a plaintext
// is in the room; type 0 when it verifies and holds nothing but padding.
std::optional<Opened> Unprotect(AeadPool& pool, const TrafficKey& key, const Record& record, uint8_t* room);

}  // namespace native_dtls
