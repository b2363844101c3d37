#include "core/records/protection.h"

#include <openssl/crypto.h>

#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

constexpr size_t kNumberBytes = 8;

uint64_t NumberOf(const RecordHeader& header) { return uint64_t{header.epoch} << 48 | header.sequence; }

// RFC 5288 section 3 and RFC 6655 section 3: fixed part, then what the record says. The lengths are constants
// because compilers make slow loops of copies whose length they do not know, and the nonce is filled where it
// is used because bytes that have just been written in parts are slow to copy.
void FillExplicitNonce(Nonce& nonce, const TrafficKey& key, const uint8_t* from_record) {
  std::copy_n(key.fixed_iv().data(), kNonceBytes - kNumberBytes, nonce.data());
  std::copy_n(from_record, kNumberBytes, nonce.data() + kNonceBytes - kNumberBytes);
}

// RFC 7905 section 2: the record's number, xored into the fixed part.
void FillImplicitNonce(Nonce& nonce, const TrafficKey& key, const RecordHeader& header) {
  nonce = {};
  PutInteger(nonce.data() + kNonceBytes - kNumberBytes, NumberOf(header), kNumberBytes);
  const ByteView fixed = key.fixed_iv();
  for (size_t i = 0; i < kNonceBytes; ++i) nonce[i] ^= fixed[i];
}

RecordAdditional AdditionalOf(const RecordHeader& header) {
  return {.number = NumberOf(header), .version = header.version, .type = static_cast<uint8_t>(header.type)};
}

// Of a plain record.
class PlainAdditional {
 public:
  PlainAdditional(const RecordHeader& header, size_t bytes) {
    AdditionalOf(header).Write(bytes_.data(), bytes);
  }
  operator ByteView() const { return bytes_; }

 private:
  std::array<uint8_t, RecordAdditional::kBytes> bytes_;
};

// Of a record with a Connection ID (RFC 9146 section 5.3).
class ConnectionIdAdditional {
 public:
  ConnectionIdAdditional(const RecordHeader& header, ByteView connection_id, size_t inner_bytes) {
    constexpr uint64_t kPlaceholder = ~uint64_t{0};
    const auto type = static_cast<uint8_t>(ContentType::kTls12Cid);
    uint8_t* at = PutInteger(bytes_.data(), kPlaceholder, 8);
    at = PutInteger(at, type, 1);
    at = PutInteger(at, connection_id.size(), 1);
    at = PutInteger(at, type, 1);
    at = PutInteger(at, header.version, 2);
    at = PutInteger(at, NumberOf(header), kNumberBytes);
    at = std::ranges::copy(connection_id, at).out;
    at = PutInteger(at, inner_bytes, 2);
    size_ = static_cast<size_t>(at - bytes_.data());
  }
  operator ByteView() const { return ByteView(bytes_).first(size_); }

 private:
  std::array<uint8_t, 8 + 1 + 1 + 1 + 2 + kNumberBytes + kMaxConnectionIdBytes + 2> bytes_;
  size_t size_;
};

// What is sealed in a record with a Connection ID ends in its type and then any number of zeroes (RFC 9146
// section 4).
Opened TakeInnerType(ByteView inner) {
  size_t size = inner.size();
  while (size > 0 && inner[size - 1] == 0) --size;
  if (size == 0) return {ContentType{0}, {}};
  return {static_cast<ContentType>(inner[size - 1]), inner.first(size - 1)};
}

// With the nonce written down: explicit nonce, if the suite has one, ciphertext and tag go to `out`.
bool SealBody(AeadPool& pool, const TrafficKey& key, const RecordHeader& header, ByteView additional,
              ByteView plaintext, uint8_t* out) {
  Nonce nonce;
  uint8_t* sealed = out;
  if (key.shape().explicit_nonce_bytes == 0) {
    FillImplicitNonce(nonce, key, header);
  } else {
    sealed = PutInteger(out, NumberOf(header), kNumberBytes);
    FillExplicitNonce(nonce, key, out);
  }
  return pool.Seal(key, nonce, additional, plaintext, sealed);
}

std::optional<ByteView> OpenBody(AeadPool& pool, const TrafficKey& key, const Record& record,
                                 ByteView additional, size_t size, uint8_t* room) {
  const size_t explicit_bytes = key.shape().explicit_nonce_bytes;
  Nonce nonce;
  if (explicit_bytes == 0) {
    FillImplicitNonce(nonce, key, record.header);
  } else {
    FillExplicitNonce(nonce, key, record.body.data());
  }
  if (!pool.Open(key, nonce, additional, record.body.subspan(explicit_bytes), room)) return std::nullopt;
  return ByteView(room, size);
}

bool ProtectPlain(AeadPool& pool, const TrafficKey& key, const RecordHeader& header, ByteView plaintext,
                  uint8_t* out) {
  if (key.shape().has_record_form) return pool.SealRecord(key, AdditionalOf(header), plaintext, out);
  return SealBody(pool, key, header, PlainAdditional(header, plaintext.size()), plaintext, out);
}

// The type goes inside, behind the plaintext; all is sealed where it will leave from.
bool ProtectWithId(AeadPool& pool, const TrafficKey& key, const RecordHeader& header, ByteView connection_id,
                   ByteView plaintext, uint8_t* out) {
  uint8_t* const inner = out + key.shape().explicit_nonce_bytes;
  *std::ranges::copy(plaintext, inner).out = static_cast<uint8_t>(header.type);
  const size_t inner_bytes = plaintext.size() + 1;
  return SealBody(pool, key, header, ConnectionIdAdditional(header, connection_id, inner_bytes),
                  ByteView(inner, inner_bytes), out);
}

}  // namespace

bool Protect(AeadPool& pool, const TrafficKey& key, const RecordHeader& header, ByteView connection_id,
             ByteView plaintext, uint8_t* out) {
  const bool with_id = !connection_id.empty();
  const size_t body_bytes =
      ProtectedBytes(key, connection_id.size(), plaintext.size()) - kRecordHeaderBytes - connection_id.size();
  uint8_t* const body = PutRecordHeader(out, header, body_bytes, connection_id);
  if (with_id) *out = static_cast<uint8_t>(ContentType::kTls12Cid);
  const bool sealed = with_id ? ProtectWithId(pool, key, header, connection_id, plaintext, body)
                              : ProtectPlain(pool, key, header, plaintext, body);
  // What could not be sealed must not be taken for a record.
  if (!sealed) OPENSSL_cleanse(body, body_bytes);
  return sealed;
}

std::optional<Opened> Unprotect(AeadPool& pool, const TrafficKey& key, const Record& record, uint8_t* room) {
  const AeadShape& shape = key.shape();
  if (record.body.size() < shape.overhead_bytes()) return std::nullopt;
  const size_t size = record.body.size() - shape.overhead_bytes();
  if (record.header.type == ContentType::kTls12Cid) {
    const ConnectionIdAdditional additional(record.header, record.connection_id, size);
    const auto inner = OpenBody(pool, key, record, additional, size, room);
    return inner ? std::optional(TakeInnerType(*inner)) : std::nullopt;
  }
  const auto plaintext = shape.has_record_form
                             ? pool.OpenRecord(key, AdditionalOf(record.header), record.body, room)
                             : OpenBody(pool, key, record, PlainAdditional(record.header, size), size, room);
  return plaintext ? std::optional(Opened{record.header.type, *plaintext}) : std::nullopt;
}

}  // namespace native_dtls
