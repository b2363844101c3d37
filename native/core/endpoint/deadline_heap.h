// The deadlines of many associations behind one timer. An entry is never moved: one that has been overtaken
// is recognised when it comes up, and asked again.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "core/base/clock.h"
#include "core/base/handle.h"

namespace native_dtls {

class DeadlineHeap {
 public:
  struct Entry {
    TimePoint deadline;
    Handle handle;
    bool operator>(const Entry& other) const { return deadline > other.deadline; }
  };

  bool empty() const { return entries_.empty(); }
  const Entry& top() const { return entries_.front(); }

  size_t size() const { return entries_.size(); }

  template <typename Predicate>
  void KeepOnly(Predicate keep) {
    std::erase_if(entries_, [&keep](const Entry& entry) { return !keep(entry); });
    std::ranges::make_heap(entries_, std::greater<>());
  }

  void Push(Entry entry) {
    entries_.push_back(entry);
    std::ranges::push_heap(entries_, std::greater<>());
  }

  void Pop() {
    std::ranges::pop_heap(entries_, std::greater<>());
    entries_.pop_back();
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace native_dtls
