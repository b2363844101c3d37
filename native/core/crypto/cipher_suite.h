// The suites that this library speaks: AEAD, with an ephemeral key exchange or a pre-shared key. No CBC
// (padding oracles, and OpenSSL loses an association to one forged record), no RSA key exchange.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace native_dtls {

enum class AeadAlgorithm : uint8_t {
  kAes128Gcm,
  kAes256Gcm,
  kAes128Ccm,
  kAes256Ccm,
  kAes128Ccm8,
  kAes256Ccm8,
  kChaCha20Poly1305,
};

inline constexpr size_t kAeadAlgorithms = 7;

// What each algorithm needs and adds (RFC 5288, RFC 6655, RFC 7905).
struct AeadShape {
  // OpenSSL's name.
  const char* name;
  uint8_t key_bytes;
  // The part of the nonce that is derived from the key block; the rest travels in each record.
  uint8_t fixed_iv_bytes;
  uint8_t explicit_nonce_bytes;
  uint8_t tag_bytes;
  bool is_ccm;

  size_t overhead_bytes() const { return size_t{explicit_nonce_bytes} + tag_bytes; }
};

const AeadShape& ShapeOf(AeadAlgorithm algorithm);

struct CipherSuite {
  uint16_t id;
  // OpenSSL's name, and IANA's.
  std::string_view name;
  std::string_view standard_name;
  AeadAlgorithm algorithm;
  // SHA-256, or SHA-384 for the suites that say so: the hash of the PRF (RFC 5246 section 5).
  bool prf_is_sha384;
  bool uses_psk;

  const AeadShape& shape() const { return ShapeOf(algorithm); }
  size_t min_body_bytes() const { return shape().overhead_bytes(); }
};

// By the id on the wire: the CCM and CCM8 suites share a NID. Null for a suite that is not ours.
const CipherSuite* FindCipherSuite(uint16_t id);

// Offered and accepted when nothing else is asked for, best first: forward secrecy before pre-shared keys
// alone, the truncated tags that CoAP demands last.
inline constexpr const char* kDefaultCipherList =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-PSK-CHACHA20-POLY1305:"
    "PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384:PSK-CHACHA20-POLY1305:"
    "PSK-AES128-CCM:PSK-AES256-CCM:"
    "PSK-AES128-CCM8:ECDHE-ECDSA-AES128-CCM8";

}  // namespace native_dtls
