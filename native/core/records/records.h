// The protected records of one association, both directions: numbers, replay window, keys, Connection IDs.
// Some 200 bytes, and no OpenSSL object of its own.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "core/base/counters.h"
#include "core/crypto/key_limits.h"
#include "core/records/protection.h"
#include "core/records/replay_window.h"

namespace native_dtls {

// What the two sides agreed on (RFC 9146 section 3): what each wants to find in the records it receives.
// Empty: nothing.
struct ConnectionIds {
  Bytes own;
  Bytes peer;
  // Both understand the return routability check (RFC 9853).
  bool return_routability = false;
};

class Records {
 public:
  struct Message {
    ContentType type;
    ByteView plaintext;
    // Newer than all before: what an address may be taken from (RFC 9146 section 6).
    bool newest;
  };

  // `pool` must outlive the object.
  Records(TrafficKey write, TrafficKey read, ConnectionIds ids, AeadPool* pool);
  Records(Records&& other) noexcept;
  Records& operator=(Records&&) = delete;
  ~Records();

  // Seals one record of epoch 1 to `out`, which has room for SealedBytes. False when the numbers have run out
  // or OpenSSL fails.
  bool Seal(ContentType type, ByteView plaintext, uint8_t* out);
  size_t SealedBytes(size_t plaintext_bytes) const {
    return ProtectedBytes(write_, ids().peer.size(), plaintext_bytes);
  }

  // Why `record` need not be opened; nothing when it is worth a try. Costs no cryptography.
  std::optional<Counter> Refuse(const Record& record) const;
  // Opens a record that was not refused in `room`, which has the size of its body and is not where it is. A
  // counter when it does not verify (and nothing of a plaintext is in the room then), or verifies and holds
  // what no record may.
  std::variant<Message, Counter> Open(const Record& record, uint8_t* room);

  // Records that may still be sealed.
  uint64_t numbers_left() const { return kLastSequence + 1 - std::min(next_write_, kLastSequence + 1); }
  // Whether the keys have done as much as they should.
  bool sealing_limit_reached() const { return use_.sealed >= LimitsOf(write_.algorithm()).sealed; }
  bool forgery_limit_reached() const { return use_.forged >= LimitsOf(read_.algorithm()).forged; }

  // Bytes of plaintext that fit one record in a datagram of `mtu_bytes`.
  size_t MaxPlaintextBytes(size_t mtu_bytes) const {
    return std::min(mtu_bytes - std::min(mtu_bytes, SealedBytes(0)), kMaxPlaintextBytes);
  }

  // Everything but the pool.
  struct Saved {
    uint64_t next_write;
    ReplayWindow::Saved window;
    KeyUse use;
  };
  Saved Save() const { return {.next_write = next_write_, .window = window_.Save(), .use = use_}; }
  void Restore(const Saved& saved) {
    next_write_ = saved.next_write;
    window_ = ReplayWindow::Restore(saved.window);
    use_ = saved.use;
  }
  const ConnectionIds& connection_ids() const { return ids(); }

  const TrafficKey& write_key() const { return write_; }
  const TrafficKey& read_key() const { return read_; }
  // What the peer puts into its records; empty for nothing.
  const Bytes& own_connection_id() const { return ids().own; }

 private:
  bool IsProtectedType(ContentType type) const;

  // RFC 6347 section 4.1: a number must never come round again.
  static constexpr uint64_t kLastSequence = (uint64_t{1} << 48) - 1;

  const ConnectionIds& ids() const;

  TrafficKey write_;
  TrafficKey read_;
  // Null when neither side has one.
  std::unique_ptr<const ConnectionIds> ids_;
  AeadPool* pool_;
  uint64_t next_write_ = 0;
  ReplayWindow window_;
  KeyUse use_;
};

}  // namespace native_dtls
