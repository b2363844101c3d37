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
  // Plain records go by OpenSSL's form for the records of TLS: fewer calls, and for ChaCha20-Poly1305 one
  // pass over the record. GCM's form makes up its explicit nonces by itself, and ours are record numbers.
  bool has_record_form;

  size_t overhead_bytes() const { return size_t{explicit_nonce_bytes} + tag_bytes; }
};

// In the order of AeadAlgorithm.
inline constexpr AeadShape kAeadShapes[kAeadAlgorithms] = {
    {"AES-128-GCM", 16, 4, 8, 16, false, false},       {"AES-256-GCM", 32, 4, 8, 16, false, false},
    {"AES-128-CCM", 16, 4, 8, 16, true, true},         {"AES-256-CCM", 32, 4, 8, 16, true, true},
    {"AES-128-CCM", 16, 4, 8, 8, true, true},          {"AES-256-CCM", 32, 4, 8, 8, true, true},
    {"ChaCha20-Poly1305", 32, 12, 0, 16, false, true},
};

inline const AeadShape& ShapeOf(AeadAlgorithm algorithm) {
  return kAeadShapes[static_cast<size_t>(algorithm)];
}

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
