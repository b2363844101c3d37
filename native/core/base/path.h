// A path is a peer's key on one socket: where its datagrams come from and which local address they were sent
// to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace native_dtls {

struct Path {
  // IPv6, or IPv4 in its mapped form (::ffff:a.b.c.d), so that one peer has one key on every kind of socket.
  std::array<uint8_t, 16> peer_address{};
  std::array<uint8_t, 16> local_address{};
  uint32_t scope_id = 0;
  uint16_t peer_port = 0;
  // How the address was written when it came in; says how to write it out again and is no part of the key.
  bool written_as_ipv6 = false;

  friend bool operator==(const Path& a, const Path& b) {
    return a.peer_address == b.peer_address && a.local_address == b.local_address &&
           a.scope_id == b.scope_id && a.peer_port == b.peer_port;
  }
};

// Mixes with a seed of the table's own, so that a peer that may choose its port cannot choose its bucket.
class PathHash {
 public:
  explicit PathHash(uint64_t seed) : seed_(seed) {}

  uint32_t operator()(const Path& path) const {
    uint64_t words[4];
    std::memcpy(words, path.peer_address.data(), 16);
    std::memcpy(words + 2, path.local_address.data(), 16);
    uint64_t hash = seed_ ^ (static_cast<uint64_t>(path.peer_port) << 32 | path.scope_id);
    for (uint64_t word : words) hash = Mix(hash ^ word);
    return static_cast<uint32_t>(hash);
  }

 private:
  static uint64_t Mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
  }

  uint64_t seed_;
};

}  // namespace native_dtls
