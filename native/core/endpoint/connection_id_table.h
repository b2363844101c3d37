// The Connection IDs that an endpoint gives out (RFC 9146): who was given which, and those that the
// application has made in advance. It knows no records.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/bytes.h"
#include "core/base/handle.h"

namespace native_dtls {

// Random bytes; nothing when OpenSSL has none.
std::optional<Bytes> RandomConnectionId(size_t bytes);

class ConnectionIdTable {
 public:
  // So many may wait for clients.
  static constexpr size_t kMaxSupplied = 64;

  // The length of all of them, for a record does not say how long its own is; nothing until the first one
  // decides.
  std::optional<size_t> bytes() const { return bytes_; }
  void Decide(size_t bytes);

  // Who was given it; kNoHandle for nobody.
  Handle Find(ByteView id) const;
  bool Contains(ByteView id) const { return Find(id) != kNoHandle; }

  // A random one, unlike any that is in use. Nothing when the length is another one, or none is free: better
  // none than in somebody's place.
  std::optional<Bytes> TakeRandom(size_t bytes, Handle handle);
  // One that must not be in use.
  void Put(ByteView id, Handle handle);
  void Remove(ByteView id);

  // Lays one up. False when there is no room, its length is another one, or it is in use or laid up already.
  bool Supply(ByteView id);
  // Throws out those that have come into use meanwhile; how many.
  size_t PruneSupplied();
  bool has_supplied() const { return !supplied_.empty(); }
  // There must be one, and none in use.
  Bytes TakeSupplied(Handle handle);
  void ForgetSupplied() { supplied_.clear(); }

 private:
  // One in a record is looked up where it lies.
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
  };

  std::optional<size_t> bytes_;
  std::unordered_map<std::string, Handle, Hash, std::equal_to<>> given_;
  std::deque<Bytes> supplied_;
};

}  // namespace native_dtls
