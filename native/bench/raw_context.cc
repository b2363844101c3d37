#include "bench/raw_context.h"

#include <openssl/pem.h>
#include <openssl/rand.h>

#include <cstring>

namespace native_dtls {

namespace {

constexpr char kPskCipher[] = "PSK-AES128-GCM-SHA256";
constexpr char kCertificateCipher[] = "ECDHE-ECDSA-AES128-GCM-SHA256";
constexpr size_t kSecretBytes = 32;
constexpr unsigned char kSessionIdContext[] = "raw";

BioPtr ReadOnlyBio(ByteView bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

X509Ptr ReadCertificate(ByteView pem) {
  return X509Ptr(PEM_read_bio_X509(ReadOnlyBio(pem).get(), nullptr, nullptr, nullptr));
}

Bytes RandomSecret() {
  Bytes secret(kSecretBytes);
  RAND_bytes(secret.data(), static_cast<int>(secret.size()));
  return secret;
}

}  // namespace

std::unique_ptr<RawContext> RawContext::Create(RawCredentials credentials) {
  std::unique_ptr<RawContext> context(new RawContext(std::move(credentials)));
  return context->Configure() ? std::move(context) : nullptr;
}

RawContext::RawContext(RawCredentials credentials)
    : credentials_(std::move(credentials)), hmac_(RandomSecret()) {}

bool RawContext::Configure() {
  const bool psk = !credentials_.key.empty();
  ctx_.reset(SSL_CTX_new(DTLS_server_method()));
  if (!ctx_ || SSL_CTX_set_app_data(ctx_.get(), this) != 1) return false;
  SSL_CTX_set_options(ctx_.get(), SSL_OP_NO_QUERY_MTU);
  SSL_CTX_set_session_cache_mode(ctx_.get(), SSL_SESS_CACHE_OFF);
  // Else OpenSSL builds the chain of its own certificate anew in each handshake, and sends the authority.
  SSL_CTX_set_mode(ctx_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_cookie_generate_cb(ctx_.get(), GenerateCookie);
  SSL_CTX_set_cookie_verify_cb(ctx_.get(), VerifyCookie);
  if (psk) SSL_CTX_set_psk_server_callback(ctx_.get(), GivePsk);
  return SSL_CTX_set_min_proto_version(ctx_.get(), DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(ctx_.get(), psk ? kPskCipher : kCertificateCipher) == 1 &&
         SSL_CTX_set_session_id_context(ctx_.get(), kSessionIdContext, sizeof(kSessionIdContext)) == 1 &&
         (psk || UseCertificates());
}

bool RawContext::UseCertificates() {
  const X509Ptr certificate = ReadCertificate(credentials_.certificate);
  const PkeyPtr key(
      PEM_read_bio_PrivateKey(ReadOnlyBio(credentials_.private_key).get(), nullptr, nullptr, nullptr));
  if (!certificate || !key || SSL_CTX_use_certificate(ctx_.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(ctx_.get(), key.get()) != 1) {
    return false;
  }
  if (credentials_.client_authority.empty()) return true;
  const X509Ptr authority = ReadCertificate(credentials_.client_authority);
  SSL_CTX_set_verify(ctx_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return authority && X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx_.get()), authority.get()) == 1 &&
         SSL_CTX_add_client_CA(ctx_.get(), authority.get()) == 1;
}

bool RawContext::MakeCookie(std::array<uint8_t, Hmac::kBytes>& out) {
  std::array<uint8_t, sizeof(peer_)> address;
  std::memcpy(address.data(), &peer_, sizeof(peer_));
  return hmac_.Compute({ByteView(address)}, out);
}

RawContext* RawContext::Of(const SSL* ssl) {
  return static_cast<RawContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

unsigned int RawContext::GivePsk(SSL* ssl, const char* identity, unsigned char* key, unsigned int room) {
  const RawCredentials& credentials = Of(ssl)->credentials_;
  if (credentials.identity != identity || credentials.key.size() > room) return 0;
  std::ranges::copy(credentials.key, key);
  return static_cast<unsigned int>(credentials.key.size());
}

int RawContext::GenerateCookie(SSL* ssl, unsigned char* cookie, unsigned int* size) {
  std::array<uint8_t, Hmac::kBytes> made;
  if (!Of(ssl)->MakeCookie(made)) return 0;
  std::ranges::copy(made, cookie);
  *size = static_cast<unsigned int>(made.size());
  return 1;
}

int RawContext::VerifyCookie(SSL* ssl, const unsigned char* cookie, unsigned int size) {
  std::array<uint8_t, Hmac::kBytes> made;
  return size == made.size() && Of(ssl)->MakeCookie(made) && CRYPTO_memcmp(cookie, made.data(), size) == 0;
}

}  // namespace native_dtls
