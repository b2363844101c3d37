#include "core/handshake/filter.h"

#include "core/base/defence.h"
#include "core/wire/alert.h"

namespace native_dtls {

namespace {

// A warning ends nothing and tells nothing that we act on, but OpenSSL counts it again with each record that
// follows and gives up at the fifth.
std::optional<Counter> RefusePlaintextAlert(ByteView body) {
  if (body.size() != 2) return Counter::kDroppedMalformed;
  const bool ends = body[0] == static_cast<uint8_t>(AlertLevel::kFatal) ||
                    body[1] == static_cast<uint8_t>(Alert::kCloseNotify);
  return ends ? std::nullopt : std::optional(Counter::kDroppedWarning);
}

}  // namespace

std::optional<Counter> RefuseHandshakeRecord(const Record& record) {
  // Before the version is agreed on, records carry DTLS 1.0's or 1.2's (RFC 6347 section 4.2.1).
  if (record.header.version != kDtls10 && record.header.version != kDtls12) return Counter::kDroppedVersion;
  if (record.header.epoch > 1) return Counter::kDroppedEpoch;
  if (record.body.size() > kMaxRecordBodyBytes) return Counter::kDroppedTooLong;
  if (record.body.empty()) return Counter::kDroppedTooShort;
  switch (record.header.type) {
    case ContentType::kHandshake:
      return std::nullopt;
    case ContentType::kAlert:
      return record.header.epoch == 0 ? RefusePlaintextAlert(record.body) : std::nullopt;
    case ContentType::kChangeCipherSpec:
      if (record.header.epoch != 0) return Counter::kDroppedEpoch;
      return record.body.size() == 1 && record.body[0] == 1 ? std::nullopt
                                                            : std::optional(Counter::kDroppedMalformed);
    case ContentType::kTls12Cid:
    case ContentType::kApplicationData:
      return record.header.epoch == 0 ? std::optional(Counter::kDroppedEpoch) : std::nullopt;
    // There are no paths to check yet.
    case ContentType::kReturnRoutabilityCheck:
      break;
  }
  return Counter::kDroppedContentType;
}

std::optional<Counter> RefuseFragment(const HandshakeFragment& fragment, Role role, uint16_t next_message_seq,
                                      size_t max_message_bytes) {
  const bool expected = role == Role::kClient ? IsForClients(fragment.type) : IsForServers(fragment.type);
  if (!expected) return Counter::kDroppedUnexpected;
  if (fragment.message_length > max_message_bytes && Stands(Defence::kAnnouncedLengthsBounded)) {
    return Counter::kDroppedTooLong;
  }
  if (fragment.body.empty() && fragment.message_length != 0) return Counter::kDroppedFragment;
  if (fragment.message_seq > next_message_seq + kMaxMessagesAhead) return Counter::kDroppedFragment;
  return std::nullopt;
}

}  // namespace native_dtls
