// Alerts (RFC 5246 section 7.2).
#pragma once

#include <array>

#include "core/wire/record.h"

namespace native_dtls {

enum class AlertLevel : uint8_t { kWarning = 1, kFatal = 2 };

enum class Alert : uint8_t {
  kCloseNotify = 0,
  kHandshakeFailure = 40,
  kBadCertificate = 42,
  kCertificateExpired = 45,
  kCertificateUnknown = 46,
  kIllegalParameter = 47,
  kUnknownCa = 48,
  kUserCanceled = 90,
  kNoRenegotiation = 100,
};

inline constexpr size_t kAlertRecordBytes = kRecordHeaderBytes + 2;

// One unprotected alert record of epoch 0.
inline std::array<uint8_t, kAlertRecordBytes> PlaintextAlert(uint64_t sequence, AlertLevel level,
                                                             Alert alert) {
  std::array<uint8_t, kAlertRecordBytes> out;
  uint8_t* at = PutRecordHeader(
      out.data(), {.type = ContentType::kAlert, .version = kDtls12, .epoch = 0, .sequence = sequence}, 2);
  at[0] = static_cast<uint8_t>(level);
  at[1] = static_cast<uint8_t>(alert);
  return out;
}

}  // namespace native_dtls
