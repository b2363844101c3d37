// Addresses as Node writes them, to and from the core's paths.
#pragma once

#include <optional>
#include <string>

#include "core/base/path.h"

namespace native_dtls {

// IPv4, or IPv6 with or without a zone. Nothing when it is neither.
std::optional<Path> ParseAddress(const std::string& address, uint32_t port);

// As ParseAddress was given it.
std::string WriteAddress(const Path& path);

}  // namespace native_dtls
