// Records that wait: for an answer from the application, or for a ChangeCipherSpec that the network has
// delayed. Bounded. When there is no room the oldest goes: its peer sends it again, and what a stranger has
// put in does not stay.
#pragma once

#include <utility>
#include <vector>

#include "core/wire/record.h"

namespace native_dtls {

class HeldRecords {
 public:
  // Cleartext and protected records have room of their own, so that forged ones of one sort cannot crowd out
  // the other.
  static constexpr size_t kMaxRecords = 32;
  static constexpr size_t kMaxBytes = 20 * 1024;

  // How many records had to go. A record that is already there is not kept twice; one that could never fit is
  // not kept.
  size_t AddCleartext(const RecordHeader& header, ByteView body) {
    Bytes record(kRecordHeaderBytes + body.size());
    std::ranges::copy(body, PutRecordHeader(record.data(), header, body.size()));
    return Add(cleartext_, std::move(record));
  }
  size_t AddProtected(ByteView record) { return Add(protected_, CopyOf(record)); }

  // All of them, in order of arrival; none are left.
  std::vector<Bytes> Take() {
    std::vector<Bytes> all;
    all.reserve(cleartext_.records.size() + protected_.records.size());
    auto early = cleartext_.records.begin(), late = protected_.records.begin();
    while (early != cleartext_.records.end() || late != protected_.records.end()) {
      const bool from_early = late == protected_.records.end() ||
                              (early != cleartext_.records.end() && early->number < late->number);
      all.push_back(std::move((from_early ? early : late)++->bytes));
    }
    cleartext_ = {};
    protected_ = {};
    return all;
  }

  bool empty() const { return cleartext_.records.empty() && protected_.records.empty(); }

 private:
  struct Held {
    uint64_t number;
    Bytes bytes;
  };
  struct Shelf {
    // Few, and mostly none: a deque takes half a kilobyte when it is empty.
    std::vector<Held> records;
    size_t bytes = 0;
  };

  size_t Add(Shelf& shelf, Bytes record) {
    if (record.size() > kMaxBytes) return 1;
    if (std::ranges::find(shelf.records, record, &Held::bytes) != shelf.records.end()) return 0;
    size_t gone = 0;
    for (; shelf.records.size() >= kMaxRecords || shelf.bytes + record.size() > kMaxBytes; ++gone) {
      shelf.bytes -= shelf.records.front().bytes.size();
      shelf.records.erase(shelf.records.begin());
    }
    shelf.bytes += record.size();
    shelf.records.push_back({next_++, std::move(record)});
    return gone;
  }

  Shelf cleartext_;
  Shelf protected_;
  uint64_t next_ = 0;
};

}  // namespace native_dtls
