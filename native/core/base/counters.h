// Every drop and every step worth counting has a name here. The numbers live wherever the owner wants them
// (the binding shares them with JavaScript), as doubles, exact up to 2^53.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace native_dtls {

// Counter, then the name under which users read it.
#define NATIVE_DTLS_COUNTERS(X)                          \
  X(kDatagramsReceived, "datagramsReceived")             \
  X(kDatagramsSent, "datagramsSent")                     \
  X(kBytesReceived, "bytesReceived")                     \
  X(kBytesSent, "bytesSent")                             \
  X(kMessagesReceived, "messagesReceived")               \
  X(kMessagesSent, "messagesSent")                       \
  X(kAssociations, "associations")                       \
  X(kPendingHandshakes, "pendingHandshakes")             \
  X(kHandshakesStarted, "handshakesStarted")             \
  X(kHandshakesCompleted, "handshakesCompleted")         \
  X(kHandshakesFailed, "handshakesFailed")               \
  X(kHandshakesEvicted, "handshakesEvicted")             \
  X(kRetransmissions, "retransmissions")                 \
  X(kHelloVerifyRequestsSent, "helloVerifyRequestsSent") \
  X(kCookiesAccepted, "cookiesAccepted")                 \
  X(kCookiesRefused, "cookiesRefused")                   \
  X(kRestarts, "restarts")                               \
  X(kDroppedUnknownPeer, "droppedUnknownPeer")           \
  X(kDroppedLimit, "droppedLimit")                       \
  X(kDroppedMalformed, "droppedMalformed")               \
  X(kDroppedVersion, "droppedVersion")                   \
  X(kDroppedContentType, "droppedContentType")           \
  X(kDroppedEpoch, "droppedEpoch")                       \
  X(kDroppedTooShort, "droppedTooShort")                 \
  X(kDroppedTooLong, "droppedTooLong")                   \
  X(kDroppedFragment, "droppedFragment")                 \
  X(kDroppedUnexpected, "droppedUnexpected")             \
  X(kDroppedWarning, "droppedWarning")                   \
  X(kSuspectAlerts, "suspectAlerts")                     \
  X(kDroppedHoldFull, "droppedHoldFull")                 \
  X(kDroppedReplayed, "droppedReplayed")                 \
  X(kDroppedForged, "droppedForged")                     \
  X(kDroppedThrottled, "droppedThrottled")               \
  X(kDroppedConnectionId, "droppedConnectionId")         \
  X(kDroppedNoConnectionId, "droppedNoConnectionId")     \
  X(kForgeryLimitsReached, "forgeryLimitsReached")       \
  X(kSealingLimitsReached, "sealingLimitsReached")       \
  X(kAddressChanges, "addressChanges")                   \
  X(kPathChallengesSent, "pathChallengesSent")           \
  X(kPathResponsesSent, "pathResponsesSent")             \
  X(kPathChecksPassed, "pathChecksPassed")               \
  X(kPathChecksRefuted, "pathChecksRefuted")             \
  X(kPathChecksFailed, "pathChecksFailed")               \
  X(kDroppedPathAnswer, "droppedPathAnswer")             \
  X(kExported, "exported")                               \
  X(kRestored, "restored")                               \
  X(kDroppedUnsent, "droppedUnsent")                     \
  X(kDroppedByKernel, "droppedByKernel")                 \
  X(kDroppedAfterEnd, "droppedAfterEnd")

enum class Counter : size_t {
#define NATIVE_DTLS_ENUMERATE(symbol, name) symbol,
  NATIVE_DTLS_COUNTERS(NATIVE_DTLS_ENUMERATE)
#undef NATIVE_DTLS_ENUMERATE
};

inline constexpr const char* kCounterNames[] = {
#define NATIVE_DTLS_NAME(symbol, name) name,
    NATIVE_DTLS_COUNTERS(NATIVE_DTLS_NAME)
#undef NATIVE_DTLS_NAME
};

inline constexpr size_t kCounterCount = std::size(kCounterNames);

class Counters {
 public:
  // `storage` must outlive this object.
  explicit Counters(std::span<double, kCounterCount> storage) : values_(storage) {}

  void Add(Counter counter, double amount = 1) { values_[static_cast<size_t>(counter)] += amount; }
  void Set(Counter counter, double value) { values_[static_cast<size_t>(counter)] = value; }

 private:
  std::span<double, kCounterCount> values_;
};

}  // namespace native_dtls
