// The protected records of one association, both directions: numbers, replay window, keys. Some 300 bytes,
// and no OpenSSL object of its own.
#pragma once

#include <optional>

#include "core/base/counters.h"
#include "core/records/protection.h"
#include "core/records/replay_window.h"

namespace native_dtls {

class Records {
 public:
  // `pool` must outlive the object.
  Records(TrafficKey write, TrafficKey read, AeadPool* pool);

  // Seals one record of epoch 1 to `out`, which has room for SealedBytes. False when the numbers have run out
  // or OpenSSL fails.
  bool Seal(ContentType type, ByteView plaintext, uint8_t* out);
  size_t SealedBytes(size_t plaintext_bytes) const { return ProtectedBytes(write_, plaintext_bytes); }

  // Why `record` need not be opened; nothing when it is worth a try. Costs no cryptography.
  std::optional<Counter> Refuse(const Record& record) const;
  // Opens a record that was not refused; the plaintext goes to `out`, which has room for the body. Nothing
  // when it does not verify.
  std::optional<size_t> Open(const Record& record, uint8_t* out);

  // Bytes of plaintext that fit one record in a datagram of `mtu_bytes`.
  size_t MaxPlaintextBytes(size_t mtu_bytes) const {
    return std::min(mtu_bytes - SealedBytes(0), kMaxPlaintextBytes);
  }

  const TrafficKey& write_key() const { return write_; }
  const TrafficKey& read_key() const { return read_; }

 private:
  // RFC 6347 section 4.1: a number must never come round again.
  static constexpr uint64_t kLastSequence = (uint64_t{1} << 48) - 1;

  TrafficKey write_;
  TrafficKey read_;
  AeadPool* pool_;
  uint64_t next_write_ = 0;
  ReplayWindow window_;
};

}  // namespace native_dtls
