// From the secrets of a finished key exchange to the keys of its records (RFC 5246 section 6.3).
#pragma once

#include <optional>

#include "core/crypto/aead.h"

namespace native_dtls {

struct KeyBlock {
  TrafficKey client_write;
  TrafficKey server_write;
};

// The keys of an SSL object whose master secret and randoms are final. Nothing before that, or when OpenSSL
// fails.
std::optional<KeyBlock> DeriveKeys(const SSL* ssl, const CipherSuite& suite, AeadPool& pool);

}  // namespace native_dtls
