// How much one key may do before its cipher's proofs say less than they should: RFC 9147 section 4.5.3, which
// DTLS 1.2 has no counterpart of. A limit that is reached ends nothing, because whoever can send datagrams
// could end associations with it; it is counted, told, and forged records are looked at more slowly from
// then on.
#pragma once

#include <cstdint>

#include "core/crypto/cipher_suite.h"

namespace native_dtls {

// What has been done with the two keys of an association: records sealed with the one, and records that did
// not verify under the other.
struct KeyUse {
  uint64_t sealed = 0;
  uint64_t forged = 0;
};

inline constexpr uint64_t kNoKeyLimit = ~uint64_t{0};

// The use from which a key is past its limit.
//
// GCM: 2^24.5 full records sealed, 2^36 forged. CCM: 2^23 and 2^23.5. ChaCha20-Poly1305: none, 2^36. The RFC
// has no figure for the tags of eight bytes and wants further safeguards instead: any forgery passes with a
// chance of 2^-64, so 2^16 of them, a chance of 2^-48, is where the safeguard begins. What a network damages
// never comes so far, for the checksum of UDP lets one damaged datagram in 2^16 through.
inline KeyUse LimitsOf(AeadAlgorithm algorithm) {
  constexpr uint64_t kTwoTo24AndAHalf = 23'726'566, kTwoTo23AndAHalf = 11'863'283;
  switch (algorithm) {
    case AeadAlgorithm::kAes128Gcm:
    case AeadAlgorithm::kAes256Gcm:
      return {.sealed = kTwoTo24AndAHalf, .forged = uint64_t{1} << 36};
    case AeadAlgorithm::kAes128Ccm:
    case AeadAlgorithm::kAes256Ccm:
      return {.sealed = uint64_t{1} << 23, .forged = kTwoTo23AndAHalf};
    case AeadAlgorithm::kAes128Ccm8:
    case AeadAlgorithm::kAes256Ccm8:
      return {.sealed = uint64_t{1} << 23, .forged = uint64_t{1} << 16};
    case AeadAlgorithm::kChaCha20Poly1305:
      break;
  }
  return {.sealed = kNoKeyLimit, .forged = uint64_t{1} << 36};
}

}  // namespace native_dtls
