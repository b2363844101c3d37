#include "core/handshake/chain_verdict.h"

#include <openssl/err.h>

#include "core/handshake/verify_error.h"

namespace native_dtls {

namespace {

using StoreCtxPtr = OpenSslPtr<X509_STORE_CTX, X509_STORE_CTX_free>;

Bytes DerOf(X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<size_t>(size));
  unsigned char* out = der.data();
  i2d_X509(certificate, &out);
  return der;
}

}  // namespace

void ChainVerdict::Collect(X509_STORE_CTX* store) {
  collected_ = true;
  const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(store);
  for (int i = 0; i < sk_X509_num(sent); ++i) chain_.push_back(DerOf(sk_X509_value(sent, i)));
  if (X509_verify_cert(store) <= 0 && errors_.empty()) NoteError(store);
  ERR_clear_error();
}

void ChainVerdict::CollectAgain(SSL* ssl, const std::vector<Bytes>& chain,
                                X509_STORE_CTX_verify_cb note_error) {
  const X509ChainPtr certificates(sk_X509_new_null());
  for (const Bytes& der : chain) {
    const unsigned char* in = der.data();
    X509Ptr certificate(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
    if (!certificate || sk_X509_push(certificates.get(), certificate.get()) == 0) break;
    static_cast<void>(certificate.release());
  }
  const StoreCtxPtr store(X509_STORE_CTX_new());
  const bool ready =
      store &&
      X509_STORE_CTX_init(store.get(), SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)),
                          sk_X509_value(certificates.get(), 0), certificates.get()) == 1 &&
      X509_STORE_CTX_set_ex_data(store.get(), SSL_get_ex_data_X509_STORE_CTX_idx(), ssl) == 1 &&
      X509_STORE_CTX_set_default(store.get(), SSL_is_server(ssl) == 1 ? "ssl_client" : "ssl_server") == 1 &&
      X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store.get()), SSL_get0_param(ssl)) == 1;
  // As OpenSSL does in a full handshake; it is none of the SSL's own parameters.
  if (ready) {
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store.get()), SSL_get_security_level(ssl));
  }
  if (!ready) {
    collected_ = true;
    return NoteError(X509_V_ERR_UNSPECIFIED, 0);
  }
  X509_STORE_CTX_set_verify_cb(store.get(), note_error);
  Collect(store.get());
}

void ChainVerdict::Adopt(X509* leaf, long verify_result) {
  collected_ = true;
  if (leaf != nullptr) chain_.push_back(DerOf(leaf));
  if (verify_result != X509_V_OK) NoteError(static_cast<int>(verify_result), 0);
}

void ChainVerdict::NoteError(X509_STORE_CTX* store) {
  NoteError(X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_error_depth(store));
}

void ChainVerdict::NoteError(int error, int depth) {
  if (first_error_ == X509_V_OK) first_error_ = error;
  errors_.push_back({VerifyErrorName(error), depth});
}

std::unique_ptr<CertificateQuestion> ChainVerdict::Question() const {
  auto question = std::make_unique<CertificateQuestion>();
  question->chain = chain_;
  question->errors = errors_;
  return question;
}

}  // namespace native_dtls
