// The messages of the return routability check (RFC 9853 section 4), the content of records of their own
// type.
#pragma once

#include <array>
#include <optional>

#include "core/base/bytes.h"

namespace native_dtls {

enum class PathMessageType : uint8_t { kChallenge = 0, kResponse = 1, kDrop = 2 };

using PathCookie = std::array<uint8_t, 8>;

struct PathMessage {
  PathMessageType type;
  PathCookie cookie;
};

inline constexpr size_t kPathMessageBytes = 1 + sizeof(PathCookie);

inline std::array<uint8_t, kPathMessageBytes> WritePathMessage(const PathMessage& message) {
  std::array<uint8_t, kPathMessageBytes> bytes;
  bytes[0] = static_cast<uint8_t>(message.type);
  std::ranges::copy(message.cookie, bytes.begin() + 1);
  return bytes;
}

// Nothing when it is none of the three.
inline std::optional<PathMessage> ReadPathMessage(ByteView bytes) {
  if (bytes.size() != kPathMessageBytes || bytes[0] > static_cast<uint8_t>(PathMessageType::kDrop)) {
    return std::nullopt;
  }
  PathMessage message{.type = static_cast<PathMessageType>(bytes[0]), .cookie = {}};
  std::ranges::copy(bytes.subspan(1), message.cookie.begin());
  return message;
}

}  // namespace native_dtls
