#include "core/crypto/prf.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <algorithm>

namespace native_dtls {

namespace {

// As long as the keys that every provider takes.
constexpr uint8_t kNoSecret[32] = {};

bool UseKey(EVP_MAC_CTX* context, ByteView key) {
  return EVP_MAC_init(context, key.data(), key.size(), nullptr) == 1;
}

// HMAC over two parts under the key in use.
bool Mac(EVP_MAC_CTX* context, ByteView first, ByteView second, std::span<uint8_t> out) {
  size_t written = 0;
  // Initialising without a key goes back to the one in use.
  return EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&
         EVP_MAC_update(context, first.data(), first.size()) == 1 &&
         EVP_MAC_update(context, second.data(), second.size()) == 1 &&
         EVP_MAC_final(context, out.data(), &written, out.size()) == 1 && written == out.size();
}

}  // namespace

bool Prf::Derive(Digest digest, ByteView secret, ByteView labelled_seed, std::span<uint8_t> out) {
  EVP_MAC_CTX* context = ContextOf(digest);
  if (context == nullptr || !UseKey(context, secret)) return false;
  const size_t digest_bytes = digest == Digest::kSha256 ? 32 : kMaxDigestBytes;
  std::array<uint8_t, kMaxDigestBytes> chained, block;
  const std::span<uint8_t> a(chained.data(), digest_bytes), b(block.data(), digest_bytes);
  bool derived = Mac(context, labelled_seed, {}, a);
  while (derived && !out.empty()) {
    derived = Mac(context, a, labelled_seed, b);
    const size_t taken = std::min(out.size(), digest_bytes);
    std::copy_n(block.data(), taken, out.data());
    out = out.subspan(taken);
    if (derived && !out.empty()) derived = Mac(context, a, {}, a);
  }
  OPENSSL_cleanse(chained.data(), chained.size());
  OPENSSL_cleanse(block.data(), block.size());
  // Another key takes the place of the secret.
  return UseKey(context, kNoSecret) && derived;
}

EVP_MAC_CTX* Prf::ContextOf(Digest digest) {
  MacCtxPtr& context = contexts_[static_cast<size_t>(digest)];
  if (context) return context.get();
  const MacPtr mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  MacCtxPtr made(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
  char sha256[] = "SHA256", sha384[] = "SHA384";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest == Digest::kSha256 ? sha256 : sha384, 0),
      OSSL_PARAM_construct_end(),
  };
  if (!made || EVP_MAC_CTX_set_params(made.get(), parameters) != 1) return nullptr;
  context = std::move(made);
  return context.get();
}

}  // namespace native_dtls
