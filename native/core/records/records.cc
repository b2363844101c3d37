#include "core/records/records.h"

#include <utility>

namespace native_dtls {

namespace {

constexpr uint16_t kEpoch = 1;

}  // namespace

Records::Records(TrafficKey write, TrafficKey read, ConnectionIds ids, AeadPool* pool)
    : write_(std::move(write)), read_(std::move(read)), pool_(pool) {
  if (!ids.own.empty() || !ids.peer.empty()) ids_ = std::make_unique<const ConnectionIds>(std::move(ids));
}

Records::Records(Records&& other) noexcept
    : write_(std::move(other.write_)),
      read_(std::move(other.read_)),
      ids_(std::move(other.ids_)),
      pool_(std::exchange(other.pool_, nullptr)),
      next_write_(other.next_write_),
      window_(other.window_),
      use_(other.use_) {}

Records::~Records() {
  if (pool_ == nullptr) return;
  pool_->Forget(write_);
  pool_->Forget(read_);
}

const ConnectionIds& Records::ids() const {
  static const ConnectionIds kNone;
  return ids_ ? *ids_ : kNone;
}

bool Records::Seal(ContentType type, ByteView plaintext, uint8_t* out) {
  if (next_write_ > kLastSequence) return false;
  const RecordHeader header{.type = type, .version = kDtls12, .epoch = kEpoch, .sequence = next_write_++};
  ++use_.sealed;
  return Protect(*pool_, write_, header, ids().peer, plaintext, out);
}

bool Records::IsProtectedType(ContentType type) const {
  return type == ContentType::kApplicationData || type == ContentType::kAlert ||
         type == ContentType::kHandshake ||
         (type == ContentType::kReturnRoutabilityCheck && ids().return_routability);
}

std::optional<Counter> Records::Refuse(const Record& record) const {
  if (record.header.epoch != kEpoch) return Counter::kDroppedEpoch;
  if (record.header.version != kDtls12) return Counter::kDroppedVersion;
  const bool with_id = record.header.type == ContentType::kTls12Cid;
  // Who was given a Connection ID must use it, and nobody else may (RFC 9146 section 3).
  if (with_id != !ids().own.empty()) return Counter::kDroppedConnectionId;
  if (with_id && !SameBytes(record.connection_id, ids().own)) return Counter::kDroppedConnectionId;
  if (!with_id && !IsProtectedType(record.header.type)) return Counter::kDroppedContentType;
  const size_t least = read_.shape().overhead_bytes() + (with_id ? 1 : 0);
  if (record.body.size() < least) return Counter::kDroppedTooShort;
  if (record.body.size() > least + kMaxPlaintextBytes) return Counter::kDroppedTooLong;
  if (!window_.IsNew(record.header.sequence)) return Counter::kDroppedReplayed;
  return std::nullopt;
}

std::variant<Records::Message, Counter> Records::Open(const Record& record, uint8_t* room) {
  const auto opened = Unprotect(*pool_, read_, record, room);
  if (!opened) {
    ++use_.forged;
    return Counter::kDroppedForged;
  }
  const bool newest = window_.IsNewest(record.header.sequence);
  window_.Note(record.header.sequence);
  if (!IsProtectedType(opened->type)) return Counter::kDroppedContentType;
  return Message{opened->type, opened->plaintext, newest};
}

}  // namespace native_dtls
