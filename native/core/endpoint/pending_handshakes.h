// The handshakes that clients have begun and not yet completed, the longest silent first: how many there may
// be, and which of them gives way when there are too many.
#pragma once

#include <algorithm>
#include <list>
#include <unordered_map>

#include "core/base/clock.h"
#include "core/base/handle.h"
#include "core/endpoint/host_counts.h"

namespace native_dtls {

class PendingHandshakes {
 public:
  explicit PendingHandshakes(PathHash hash) : by_host_(hash) {}

  size_t size() const { return by_handle_.size(); }

  enum class Room { kFree, kAfterEviction, kNone };
  // Whether another may begin, from `path`, where there may be `most` of them. After an eviction: of
  // `longest_silent`.
  Room RoomFor(TimePoint now, const Path& path, size_t most) const {
    // One host cannot take the room of all.
    if (by_host_.Of(path) >= std::max(most / kShareOfOneHost, kLeastOfOneHost)) return Room::kNone;
    if (size() < most) return Room::kFree;
    if (order_.empty()) return Room::kNone;
    return now - order_.front().heard_at >= kStale ? Room::kAfterEviction : Room::kNone;
  }
  Handle longest_silent() const { return order_.front().handle; }

  void Add(TimePoint now, Handle handle, const Path& path) {
    by_handle_[handle] = order_.insert(order_.end(), {handle, now, path});
    burst_ = burst_ || size() >= kBurst;
    latest_ = now;
    by_host_.Add(path);
  }
  // Its peer has said something.
  void Hear(TimePoint now, Handle handle) {
    const auto found = by_handle_.find(handle);
    if (found == by_handle_.end()) return;
    found->second->heard_at = now;
    order_.splice(order_.end(), order_, found->second);
  }
  void Remove(Handle handle) {
    const auto found = by_handle_.find(handle);
    if (found == by_handle_.end()) return;
    by_host_.Remove(found->second->path);
    order_.erase(found->second);
    by_handle_.erase(found);
  }

  // From when on a burst, many that were under way at a time, is over: hardly any are, and nobody has begun
  // for a while. Not soon after the one before.
  TimePoint burst_ends() const {
    return burst_ && size() < kFew ? std::max(latest_ + kQuiet, next_end_) : kNever;
  }
  // Whether that is now; once for each.
  bool EndBurst(TimePoint now) {
    if (now < burst_ends()) return false;
    burst_ = false;
    next_end_ = now + kBetweenEnds;
    return true;
  }

 private:
  // Silent for so long, while others are waiting: longer than a flight that was lost twice.
  static constexpr Duration kStale = std::chrono::seconds(5);
  static constexpr size_t kShareOfOneHost = 4;
  static constexpr size_t kLeastOfOneHost = 16;
  static constexpr size_t kBurst = 64;
  static constexpr size_t kFew = kBurst / 4;
  static constexpr Duration kQuiet = std::chrono::seconds(1);
  static constexpr Duration kBetweenEnds = std::chrono::seconds(10);

  struct Entry {
    Handle handle;
    TimePoint heard_at;
    Path path;
  };

  std::list<Entry> order_;
  std::unordered_map<Handle, std::list<Entry>::iterator> by_handle_;
  HostCounts by_host_;
  // Many were under way at a time, and that is not over.
  bool burst_ = false;
  // When the newest began.
  TimePoint latest_;
  TimePoint next_end_;
};

}  // namespace native_dtls
