#include "core/endpoint/connection_id_table.h"

#include <openssl/rand.h>

#include <utility>

namespace native_dtls {

namespace {

std::string KeyOf(ByteView id) { return {id.begin(), id.end()}; }

}  // namespace

std::optional<Bytes> RandomConnectionId(size_t bytes) {
  Bytes id(bytes);
  if (bytes > 0 && RAND_bytes(id.data(), static_cast<int>(bytes)) != 1) return std::nullopt;
  return id;
}

void ConnectionIdTable::Decide(size_t bytes) {
  if (bytes > 0 && !bytes_) bytes_ = bytes;
}

Handle ConnectionIdTable::Find(ByteView id) const {
  const auto found = given_.find(std::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
  return found == given_.end() ? kNoHandle : found->second;
}

std::optional<Bytes> ConnectionIdTable::TakeRandom(size_t bytes, Handle handle) {
  Decide(bytes);
  // Records would be read with the other length.
  if (bytes != bytes_) return std::nullopt;
  constexpr int kAttempts = 16;
  for (int i = 0; i < kAttempts; ++i) {
    auto id = RandomConnectionId(bytes);
    if (!id) break;
    if (given_.emplace(KeyOf(*id), handle).second) return id;
  }
  return std::nullopt;
}

void ConnectionIdTable::Put(ByteView id, Handle handle) {
  Decide(id.size());
  given_[KeyOf(id)] = handle;
}

void ConnectionIdTable::Remove(ByteView id) { given_.erase(KeyOf(id)); }

bool ConnectionIdTable::Supply(ByteView id) {
  if (supplied_.size() >= kMaxSupplied || id.size() != bytes_ || Contains(id)) return false;
  for (const Bytes& other : supplied_) {
    if (SameBytes(id, other)) return false;
  }
  supplied_.push_back(CopyOf(id));
  return true;
}

size_t ConnectionIdTable::PruneSupplied() {
  return std::erase_if(supplied_, [this](const Bytes& id) { return Contains(id); });
}

Bytes ConnectionIdTable::TakeSupplied(Handle handle) {
  Bytes id = std::move(supplied_.front());
  supplied_.pop_front();
  Put(id, handle);
  return id;
}

}  // namespace native_dtls
