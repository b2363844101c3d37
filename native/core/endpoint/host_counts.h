// How many of something each host has. A host is an IPv4 address, or the /64 of an IPv6 address: whoever has
// one address of that has all of them.
#pragma once

#include <unordered_map>

#include "core/base/path.h"

namespace native_dtls {

class HostCounts {
 public:
  explicit HostCounts(PathHash hash) : counts_(0, hash) {}

  size_t Of(const Path& path) const {
    const auto found = counts_.find(HostOf(path));
    return found == counts_.end() ? 0 : found->second;
  }
  void Add(const Path& path) { ++counts_[HostOf(path)]; }
  void Remove(const Path& path) {
    const auto found = counts_.find(HostOf(path));
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }

 private:
  // A path of which nothing is left but the host.
  static Path HostOf(const Path& path) {
    constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    Path host;
    host.peer_address = path.peer_address;
    host.scope_id = path.scope_id;
    const bool is_ipv4 = std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), host.peer_address.begin());
    if (!is_ipv4) std::fill(host.peer_address.begin() + 8, host.peer_address.end(), uint8_t{0});
    return host;
  }

  std::unordered_map<Path, size_t, PathHash> counts_;
};

}  // namespace native_dtls
