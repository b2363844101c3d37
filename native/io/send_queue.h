// Datagrams that wait for the kernel, in order, in one piece of memory. Bounded.
#pragma once

#include <utility>
#include <vector>

#include "core/base/byte_buffer.h"
#include "core/base/path.h"

namespace native_dtls {

class SendQueue {
 public:
  // A kernel that takes nothing must not cost more than that.
  static constexpr size_t kMaxBytes = 8 << 20;

  struct Entry {
    Path to;
    size_t offset;
    size_t size;
  };

  // False when there is no room.
  bool Add(const Path& to, ByteView datagram) {
    if (waiting_bytes_ + datagram.size() > kMaxBytes) {
      ++lost_;
      return false;
    }
    entries_.push_back({to, bytes_.size(), datagram.size()});
    bytes_.Append(datagram);
    waiting_bytes_ += datagram.size();
    return true;
  }

  // For one datagram more, whatever it is.
  bool HasRoom() const { return waiting_bytes_ + kMaxDatagramBytes <= kMaxBytes; }
  bool empty() const { return first_ == entries_.size(); }
  // Those that wait, the oldest first; valid until the next call.
  std::span<const Entry> waiting() const { return std::span(entries_).subspan(first_); }
  ByteView BytesOf(const Entry& entry) const { return bytes_.view().subspan(entry.offset, entry.size); }

  // The oldest are with the kernel.
  void NoteSent(size_t count) {
    taken_ += count;
    for (; count > 0; --count) waiting_bytes_ -= entries_[first_++].size;
    if (empty()) {
      entries_.clear();
      first_ = 0;
      bytes_.Clear(kKeptBytes);
    } else if (bytes_.size() - waiting_bytes_ > std::max(kKeptBytes, waiting_bytes_)) {
      MoveToFront();
    }
  }
  // The kernel will not have the oldest.
  void NoteRefused(int error) {
    ++lost_;
    if (refusals_.size() < kMaxRefusals) refusals_.push_back({taken_, error});
    NoteSent(1);
  }

  size_t waiting_bytes() const { return waiting_bytes_; }
  // Since the socket was made: datagrams that were added, and those that have left the queue.
  uint64_t added() const { return taken_ + entries_.size() - first_; }
  uint64_t taken() const { return taken_; }
  // How many have found no room or were refused since this was asked last.
  uint64_t TakeLost() { return std::exchange(lost_, 0); }
  // Those that were refused since this was asked last, by their place among all that were added; not more
  // than a few.
  struct Refusal {
    uint64_t index;
    int error;
  };
  std::vector<Refusal> TakeRefusals() { return std::exchange(refusals_, {}); }

 private:
  static constexpr size_t kMaxDatagramBytes = 65'536;
  static constexpr size_t kKeptBytes = 256 * 1024;
  static constexpr size_t kMaxRefusals = 256;

  // A queue that is never empty must not grow for ever.
  void MoveToFront() {
    ByteBuffer bytes;
    for (size_t i = first_; i < entries_.size(); ++i) {
      const size_t offset = bytes.size();
      bytes.Append(BytesOf(entries_[i]));
      entries_[i].offset = offset;
    }
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
    bytes_ = std::move(bytes);
  }

  std::vector<Entry> entries_;
  size_t first_ = 0;
  ByteBuffer bytes_;
  size_t waiting_bytes_ = 0;
  uint64_t taken_ = 0;
  uint64_t lost_ = 0;
  std::vector<Refusal> refusals_;
};

}  // namespace native_dtls
