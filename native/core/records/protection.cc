#include "core/records/protection.h"

#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

constexpr size_t kNumberBytes = 8;

using Nonce = std::array<uint8_t, kNonceBytes>;

// The longest is that of a record with a Connection ID (RFC 9146 section 5.3).
class AdditionalData {
 public:
  AdditionalData(const RecordHeader& header, ByteView connection_id, size_t inner_bytes);
  operator ByteView() const { return ByteView(bytes_).first(size_); }

 private:
  std::array<uint8_t, 8 + 1 + 1 + 1 + 2 + kNumberBytes + kMaxConnectionIdBytes + 2> bytes_;
  size_t size_;
};

uint64_t NumberOf(const RecordHeader& header) { return uint64_t{header.epoch} << 48 | header.sequence; }

// RFC 5288 section 3 and RFC 6655 section 3: fixed part, then what the record says. The lengths are constants
// because compilers make slow loops of copies whose length they do not know.
Nonce ExplicitNonce(const TrafficKey& key, const uint8_t* from_record) {
  Nonce nonce;
  std::copy_n(key.fixed_iv().data(), kNonceBytes - kNumberBytes, nonce.data());
  std::copy_n(from_record, kNumberBytes, nonce.data() + kNonceBytes - kNumberBytes);
  return nonce;
}

// RFC 7905 section 2: the record's number, xored into the fixed part.
Nonce ImplicitNonce(const TrafficKey& key, const RecordHeader& header) {
  Nonce nonce{};
  PutInteger(nonce.data() + kNonceBytes - kNumberBytes, NumberOf(header), kNumberBytes);
  const ByteView fixed = key.fixed_iv();
  for (size_t i = 0; i < kNonceBytes; ++i) nonce[i] ^= fixed[i];
  return nonce;
}

AdditionalData::AdditionalData(const RecordHeader& header, ByteView connection_id, size_t inner_bytes) {
  constexpr uint64_t kPlaceholder = ~uint64_t{0};
  const bool with_id = header.type == ContentType::kTls12Cid;
  uint8_t* at = bytes_.data();
  if (with_id) {
    at = PutInteger(at, kPlaceholder, 8);
    at = PutInteger(at, static_cast<uint8_t>(header.type), 1);
    at = PutInteger(at, connection_id.size(), 1);
  } else {
    at = PutInteger(at, NumberOf(header), kNumberBytes);
  }
  at = PutInteger(at, static_cast<uint8_t>(header.type), 1);
  at = PutInteger(at, header.version, 2);
  if (with_id) {
    at = PutInteger(at, NumberOf(header), kNumberBytes);
    at = std::ranges::copy(connection_id, at).out;
  }
  at = PutInteger(at, inner_bytes, 2);
  size_ = static_cast<size_t>(at - bytes_.data());
}

// What is sealed in a record with a Connection ID ends in its type and then any number of zeroes (RFC 9146
// section 4).
Opened TakeInnerType(const uint8_t* inner, size_t size) {
  while (size > 0 && inner[size - 1] == 0) --size;
  if (size == 0) return {ContentType{0}, 0};
  return {static_cast<ContentType>(inner[size - 1]), size - 1};
}

}  // namespace

bool Protect(AeadPool& pool, const TrafficKey& key, const RecordHeader& header, ByteView connection_id,
             ByteView plaintext, uint8_t* out) {
  const AeadShape& shape = key.shape();
  RecordHeader outer = header;
  size_t inner_bytes = plaintext.size();
  if (!connection_id.empty()) {
    outer.type = ContentType::kTls12Cid;
    ++inner_bytes;
  }
  uint8_t* at = PutRecordHeader(out, outer, shape.overhead_bytes() + inner_bytes, connection_id);
  Nonce nonce;
  if (shape.explicit_nonce_bytes != 0) {
    uint8_t* const explicit_nonce = at;
    at = PutInteger(at, NumberOf(header), kNumberBytes);
    nonce = ExplicitNonce(key, explicit_nonce);
  } else {
    nonce = ImplicitNonce(key, header);
  }
  const AdditionalData additional(outer, connection_id, inner_bytes);
  if (connection_id.empty()) return pool.Seal(key, nonce, additional, plaintext, at);
  *std::ranges::copy(plaintext, at).out = static_cast<uint8_t>(header.type);
  return pool.Seal(key, nonce, additional, ByteView(at, inner_bytes), at);
}

std::optional<Opened> Unprotect(AeadPool& pool, const TrafficKey& key, const Record& record, uint8_t* out) {
  const AeadShape& shape = key.shape();
  if (record.body.size() < shape.overhead_bytes()) return std::nullopt;
  const size_t size = record.body.size() - shape.overhead_bytes();
  const Nonce nonce = shape.explicit_nonce_bytes != 0 ? ExplicitNonce(key, record.body.data())
                                                      : ImplicitNonce(key, record.header);
  const ByteView sealed = record.body.subspan(shape.explicit_nonce_bytes);
  const AdditionalData additional(record.header, record.connection_id, size);
  if (!pool.Open(key, nonce, additional, sealed, out)) return std::nullopt;
  if (record.header.type == ContentType::kTls12Cid) return TakeInnerType(out, size);
  return Opened{record.header.type, size};
}

}  // namespace native_dtls
