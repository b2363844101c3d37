#include "core/crypto/cipher_suite.h"

#include <algorithm>
#include <iterator>

namespace native_dtls {

namespace {

using enum AeadAlgorithm;

constexpr CipherSuite kSuites[] = {
    {0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", kAes128Gcm, false,
     false},
    {0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", kAes256Gcm, true,
     false},
    {0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", kAes128Gcm, false,
     false},
    {0xc030, "ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", kAes256Gcm, true, false},
    {0x009e, "DHE-RSA-AES128-GCM-SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", kAes128Gcm, false, false},
    {0x009f, "DHE-RSA-AES256-GCM-SHA384", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", kAes256Gcm, true, false},
    {0xcca8, "ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", kChaCha20Poly1305,
     false, false},
    {0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
     kChaCha20Poly1305, false, false},
    {0xccaa, "DHE-RSA-CHACHA20-POLY1305", "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", kChaCha20Poly1305,
     false, false},
    {0xccab, "PSK-CHACHA20-POLY1305", "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", kChaCha20Poly1305, false,
     true},
    {0xccac, "ECDHE-PSK-CHACHA20-POLY1305", "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", kChaCha20Poly1305,
     false, true},
    {0xccad, "DHE-PSK-CHACHA20-POLY1305", "TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256", kChaCha20Poly1305,
     false, true},
    {0x00a8, "PSK-AES128-GCM-SHA256", "TLS_PSK_WITH_AES_128_GCM_SHA256", kAes128Gcm, false, true},
    {0x00a9, "PSK-AES256-GCM-SHA384", "TLS_PSK_WITH_AES_256_GCM_SHA384", kAes256Gcm, true, true},
    {0x00aa, "DHE-PSK-AES128-GCM-SHA256", "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", kAes128Gcm, false, true},
    {0x00ab, "DHE-PSK-AES256-GCM-SHA384", "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384", kAes256Gcm, true, true},
    {0xc0a4, "PSK-AES128-CCM", "TLS_PSK_WITH_AES_128_CCM", kAes128Ccm, false, true},
    {0xc0a5, "PSK-AES256-CCM", "TLS_PSK_WITH_AES_256_CCM", kAes256Ccm, false, true},
    {0xc0a6, "DHE-PSK-AES128-CCM", "TLS_DHE_PSK_WITH_AES_128_CCM", kAes128Ccm, false, true},
    {0xc0a7, "DHE-PSK-AES256-CCM", "TLS_DHE_PSK_WITH_AES_256_CCM", kAes256Ccm, false, true},
    {0xc0a8, "PSK-AES128-CCM8", "TLS_PSK_WITH_AES_128_CCM_8", kAes128Ccm8, false, true},
    {0xc0a9, "PSK-AES256-CCM8", "TLS_PSK_WITH_AES_256_CCM_8", kAes256Ccm8, false, true},
    {0xc0ac, "ECDHE-ECDSA-AES128-CCM", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", kAes128Ccm, false, false},
    {0xc0ad, "ECDHE-ECDSA-AES256-CCM", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", kAes256Ccm, false, false},
    {0xc0ae, "ECDHE-ECDSA-AES128-CCM8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", kAes128Ccm8, false, false},
    {0xc0af, "ECDHE-ECDSA-AES256-CCM8", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", kAes256Ccm8, false, false},
};

}  // namespace

const CipherSuite* FindCipherSuite(uint16_t id) {
  const auto* found = std::ranges::find(kSuites, id, &CipherSuite::id);
  return found == std::end(kSuites) ? nullptr : found;
}

}  // namespace native_dtls
