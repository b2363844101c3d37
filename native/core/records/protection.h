// One protected record at a time, in the standard form of DTLS 1.2 (RFC 6347 section 4.1.2, RFC 5246
// section 6.2.3.3). No counters, no window: who seals sees to it that no number is used twice.
#pragma once

#include <optional>

#include "core/crypto/aead.h"
#include "core/wire/record.h"

namespace native_dtls {

// Writes the sealed record, ProtectedBytes(key, plaintext.size()) in all, to `out`, which must not be where
// the plaintext is. False when OpenSSL fails.
bool Protect(AeadPool& pool, const TrafficKey& key, const RecordHeader& header, ByteView plaintext,
             uint8_t* out);

inline size_t ProtectedBytes(const TrafficKey& key, size_t plaintext_bytes) {
  return kRecordHeaderBytes + key.shape().overhead_bytes() + plaintext_bytes;
}

// Writes the plaintext to `out`, which has room for the body, and returns its length. Nothing when the record
// is too short or does not verify.
std::optional<size_t> Unprotect(AeadPool& pool, const TrafficKey& key, const Record& record, uint8_t* out);

}  // namespace native_dtls
