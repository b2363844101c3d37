// Datagrams of handshakes that wait for the next turn of the loop: the public-key work of many at once would
// keep those waiting who are long established. Bounded. It knows nothing of endpoints and of the loop.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/path.h"

namespace native_dtls {

class DeferredDatagrams {
 public:
  static constexpr size_t kMost = 256;

  struct Entry {
    Path path;
    Bytes datagram;
  };

  bool empty() const { return next_ == entries_.size(); }
  bool full() const { return entries_.size() - next_ >= kMost; }
  // What a peer has sent after that must wait as well.
  bool Has(const Path& path) const {
    return std::any_of(entries_.begin() + static_cast<std::ptrdiff_t>(next_), entries_.end(),
                       [&](const Entry& entry) { return entry.path == path; });
  }
  // Not when it is full.
  void Add(const Path& path, ByteView datagram) { entries_.push_back({path, CopyOf(datagram)}); }
  // The oldest. Not when it is empty.
  Entry Take() {
    Entry entry = std::move(entries_[next_++]);
    if (empty()) {
      // The memory of a burst does not stay.
      entries_ = std::vector<Entry>();
      next_ = 0;
    } else if (next_ == kMost) {
      entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(next_));
      next_ = 0;
    }
    return entry;
  }

 private:
  std::vector<Entry> entries_;
  // Those before it are taken.
  size_t next_ = 0;
};

}  // namespace native_dtls
