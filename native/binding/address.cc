#include "binding/address.h"

#include <uv.h>

#include <algorithm>

namespace native_dtls {

namespace {

// A C string would end there.
constexpr char kNul = '\0';

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool IsMapped(const Path& path) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), path.peer_address.begin());
}

}  // namespace

std::optional<Path> ParseAddress(const std::string& address, uint32_t port) {
  Path path;
  path.peer_port = static_cast<uint16_t>(port);
  sockaddr_in ipv4;
  if (address.find(kNul) != std::string::npos) return std::nullopt;
  if (uv_ip4_addr(address.c_str(), 0, &ipv4) == 0) {
    std::ranges::copy(kMappedPrefix, path.peer_address.begin());
    std::memcpy(path.peer_address.data() + kMappedPrefix.size(), &ipv4.sin_addr, 4);
    return path;
  }
  sockaddr_in6 ipv6;
  if (uv_ip6_addr(address.c_str(), 0, &ipv6) != 0) return std::nullopt;
  std::memcpy(path.peer_address.data(), &ipv6.sin6_addr, 16);
  path.scope_id = ipv6.sin6_scope_id;
  path.written_as_ipv6 = true;
  return path;
}

std::string WriteAddress(const Path& path) {
  char text[64] = "";
  if (IsMapped(path) && !path.written_as_ipv6) {
    uv_inet_ntop(AF_INET, path.peer_address.data() + kMappedPrefix.size(), text, sizeof(text));
    return text;
  }
  uv_inet_ntop(AF_INET6, path.peer_address.data(), text, sizeof(text));
  std::string address = text;
  if (path.scope_id != 0) {
    char zone[UV_IF_NAMESIZE];
    size_t size = sizeof(zone);
    if (uv_if_indextoiid(path.scope_id, zone, &size) == 0) address.append("%").append(zone, size);
  }
  return address;
}

}  // namespace native_dtls
