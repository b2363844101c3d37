// Bytes of a command line.
#pragma once

#include <string>

#include "core/base/bytes.h"

namespace native_dtls {

inline Bytes FromHex(const std::string& text) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace native_dtls
