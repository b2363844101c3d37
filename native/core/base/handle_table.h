// Finds handles by keys that are kept elsewhere: the table has a hash and a handle of each, 9 to 19 bytes,
// and whoever asks says whether a handle is the one that is meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/base/handle.h"
#include "core/base/prefetch.h"

namespace native_dtls {

class HandleTable {
 public:
  // The first handle under this hash that `is_meant` agrees to; kNoHandle for none.
  template <typename Predicate>
  Handle Find(uint32_t hash, Predicate is_meant) const {
    for (size_t i = hash; !entries_.empty(); ++i) {
      const Entry& entry = At(i);
      if (entry.handle == kNoHandle) break;
      if (entry.hash == hash && is_meant(entry.handle)) return entry.handle;
    }
    return kNoHandle;
  }

  // A search under this hash follows: its place comes into the cache.
  void Prefetch(uint32_t hash) const {
    if (!entries_.empty()) native_dtls::Prefetch(&At(hash));
  }
  // Most likely the handle that Find would find; kNoHandle for none.
  Handle Guess(uint32_t hash) const {
    return Find(hash, [](Handle) { return true; });
  }

  // The handle must not be there yet.
  void Insert(uint32_t hash, Handle handle) {
    if (8 * (size_ + 1) > 7 * entries_.size()) Rehash(std::max<size_t>(8, 2 * entries_.size()));
    Place({hash, handle});
    ++size_;
  }

  void Erase(uint32_t hash, Handle handle) {
    if (entries_.empty()) return;
    size_t hole = hash;
    while (At(hole).handle != handle) {
      if (At(hole).handle == kNoHandle) return;
      ++hole;
    }
    // Who has given way to others moves up, so that nobody is looked for beyond a gap.
    for (size_t next = hole + 1; At(next).handle != kNoHandle; ++next) {
      const size_t distance_from_home = (next - At(next).hash) & (entries_.size() - 1);
      if (distance_from_home < next - hole) continue;
      At(hole) = At(next);
      hole = next;
    }
    At(hole) = {};
    --size_;
  }

  size_t size() const { return size_; }

 private:
  struct Entry {
    uint32_t hash = 0;
    Handle handle = kNoHandle;
  };

  // Around the end; the size is a power of two.
  Entry& At(size_t index) { return entries_[index & (entries_.size() - 1)]; }
  const Entry& At(size_t index) const { return entries_[index & (entries_.size() - 1)]; }

  void Place(Entry entry) {
    size_t i = entry.hash;
    while (At(i).handle != kNoHandle) ++i;
    At(i) = entry;
  }

  void Rehash(size_t size) {
    const std::vector<Entry> before = std::exchange(entries_, std::vector<Entry>(size));
    for (const Entry& entry : before) {
      if (entry.handle != kNoHandle) Place(entry);
    }
  }

  std::vector<Entry> entries_;
  size_t size_ = 0;
};

}  // namespace native_dtls
