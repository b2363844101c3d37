// Between the system's addresses and the core's paths.
#include <cstring>

#include "io/udp_socket.h"

namespace native_dtls {

namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool IsMapped(const std::array<uint8_t, 16>& address) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
}

}  // namespace

Path PathOf(const sockaddr* address) {
  Path path;
  if (address->sa_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, address, sizeof(ipv4));
    std::ranges::copy(kMappedPrefix, path.peer_address.begin());
    std::memcpy(path.peer_address.data() + kMappedPrefix.size(), &ipv4.sin_addr, 4);
    path.peer_port = ntohs(ipv4.sin_port);
    return path;
  }
  sockaddr_in6 ipv6;
  std::memcpy(&ipv6, address, sizeof(ipv6));
  std::memcpy(path.peer_address.data(), &ipv6.sin6_addr, 16);
  path.peer_port = ntohs(ipv6.sin6_port);
  path.written_as_ipv6 = !IsMapped(path.peer_address);
  if (path.written_as_ipv6) path.scope_id = ipv6.sin6_scope_id;
  return path;
}

socklen_t AddressOf(const Path& path, bool ipv6, sockaddr_storage* out) {
  if (!ipv6) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(path.peer_port);
    std::memcpy(&address.sin_addr, path.peer_address.data() + kMappedPrefix.size(), 4);
    std::memcpy(out, &address, sizeof(address));
    return sizeof(address);
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(path.peer_port);
  address.sin6_scope_id = path.scope_id;
  std::memcpy(&address.sin6_addr, path.peer_address.data(), 16);
  std::memcpy(out, &address, sizeof(address));
  return sizeof(address);
}

}  // namespace native_dtls
