// Paths from addresses of 127.0.0.0/8 to a server on 127.0.0.1.
#pragma once

#include "core/base/path.h"

namespace native_dtls {

inline std::array<uint8_t, 16> MappedIpv4(uint32_t address) {
  std::array<uint8_t, 16> mapped{};
  mapped[10] = mapped[11] = 0xff;
  for (size_t i = 0; i < 4; ++i) mapped[12 + i] = static_cast<uint8_t>(address >> (24 - 8 * i));
  return mapped;
}

// Of the client with that number: 127.1.0.0 and up.
inline Path LoopbackPath(uint32_t number, uint16_t server_port) {
  Path path;
  path.peer_address = MappedIpv4(0x7f000001);
  path.peer_port = server_port;
  path.local_address = MappedIpv4(0x7f010000 + number);
  return path;
}

inline uint32_t LoopbackNumberOf(const Path& path) {
  uint32_t address = 0;
  for (size_t i = 0; i < 4; ++i) address = address << 8 | path.local_address[12 + i];
  return address - 0x7f010000;
}

}  // namespace native_dtls
