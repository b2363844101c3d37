#include "core/records/records.h"

namespace native_dtls {

namespace {

constexpr uint16_t kEpoch = 1;

}  // namespace

Records::Records(TrafficKey write, TrafficKey read, AeadPool* pool)
    : write_(std::move(write)), read_(std::move(read)), pool_(pool) {}

bool Records::Seal(ContentType type, ByteView plaintext, uint8_t* out) {
  if (next_write_ > kLastSequence) return false;
  const RecordHeader header{.type = type, .version = kDtls12, .epoch = kEpoch, .sequence = next_write_++};
  return Protect(*pool_, write_, header, plaintext, out);
}

std::optional<Counter> Records::Refuse(const Record& record) const {
  if (record.header.version != kDtls12) return Counter::kDroppedVersion;
  if (record.header.epoch != kEpoch) return Counter::kDroppedEpoch;
  switch (record.header.type) {
    case ContentType::kApplicationData:
    case ContentType::kAlert:
    case ContentType::kHandshake:
      break;
    default:
      return Counter::kDroppedContentType;
  }
  if (record.body.size() < read_.shape().overhead_bytes()) return Counter::kDroppedTooShort;
  if (record.body.size() > kMaxPlaintextBytes + read_.shape().overhead_bytes())
    return Counter::kDroppedTooLong;
  if (!window_.IsNew(record.header.sequence)) return Counter::kDroppedReplayed;
  return std::nullopt;
}

std::optional<size_t> Records::Open(const Record& record, uint8_t* out) {
  const auto size = Unprotect(*pool_, read_, record, out);
  if (size) window_.Note(record.header.sequence);
  return size;
}

}  // namespace native_dtls
