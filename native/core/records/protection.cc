#include "core/records/protection.h"

#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

constexpr size_t kNumberBytes = 8;

using Nonce = std::array<uint8_t, kNonceBytes>;
using AdditionalData = std::array<uint8_t, kNumberBytes + 1 + 2 + 2>;

uint64_t NumberOf(const RecordHeader& header) { return uint64_t{header.epoch} << 48 | header.sequence; }

// RFC 5288 section 3 and RFC 6655 section 3: fixed part, then what the record says.
Nonce ExplicitNonce(const TrafficKey& key, ByteView from_record) {
  Nonce nonce;
  std::ranges::copy(from_record, std::ranges::copy(key.fixed_iv(), nonce.begin()).out);
  return nonce;
}

// RFC 7905 section 2: the record's number, xored into the fixed part.
Nonce ImplicitNonce(const TrafficKey& key, const RecordHeader& header) {
  Nonce nonce{};
  PutInteger(nonce.data() + kNonceBytes - kNumberBytes, NumberOf(header), kNumberBytes);
  for (size_t i = 0; i < kNonceBytes; ++i) nonce[i] ^= key.fixed_iv()[i];
  return nonce;
}

AdditionalData AdditionalDataOf(const RecordHeader& header, size_t plaintext_bytes) {
  AdditionalData data;
  uint8_t* at = PutInteger(data.data(), NumberOf(header), kNumberBytes);
  at = PutInteger(at, static_cast<uint8_t>(header.type), 1);
  at = PutInteger(at, header.version, 2);
  PutInteger(at, plaintext_bytes, 2);
  return data;
}

}  // namespace

bool Protect(AeadPool& pool, const TrafficKey& key, const RecordHeader& header, ByteView plaintext,
             uint8_t* out) {
  const AeadShape& shape = key.shape();
  uint8_t* at = PutRecordHeader(out, header, shape.overhead_bytes() + plaintext.size());
  Nonce nonce;
  if (shape.explicit_nonce_bytes != 0) {
    uint8_t* const explicit_nonce = at;
    at = PutInteger(at, NumberOf(header), kNumberBytes);
    nonce = ExplicitNonce(key, ByteView(explicit_nonce, at));
  } else {
    nonce = ImplicitNonce(key, header);
  }
  return pool.Seal(key, nonce, AdditionalDataOf(header, plaintext.size()), plaintext, at);
}

std::optional<size_t> Unprotect(AeadPool& pool, const TrafficKey& key, const Record& record, uint8_t* out) {
  const AeadShape& shape = key.shape();
  if (record.body.size() < shape.overhead_bytes()) return std::nullopt;
  const size_t size = record.body.size() - shape.overhead_bytes();
  const Nonce nonce = shape.explicit_nonce_bytes != 0
                          ? ExplicitNonce(key, record.body.first(shape.explicit_nonce_bytes))
                          : ImplicitNonce(key, record.header);
  const ByteView sealed = record.body.subspan(shape.explicit_nonce_bytes);
  if (!pool.Open(key, nonce, AdditionalDataOf(record.header, size), sealed, out)) return std::nullopt;
  return size;
}

}  // namespace native_dtls
