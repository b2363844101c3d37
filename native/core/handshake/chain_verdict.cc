#include "core/handshake/chain_verdict.h"

#include <openssl/err.h>

#include "core/handshake/verify_error.h"

namespace native_dtls {

namespace {

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

void ChainVerdict::NoteError(X509_STORE_CTX* store) {
  const int error = X509_STORE_CTX_get_error(store);
  if (first_error_ == X509_V_OK) first_error_ = error;
  errors_.push_back({VerifyErrorName(error), X509_STORE_CTX_get_error_depth(store)});
}

std::unique_ptr<CertificateQuestion> ChainVerdict::Question() const {
  auto question = std::make_unique<CertificateQuestion>();
  question->chain = chain_;
  question->errors = errors_;
  return question;
}

}  // namespace native_dtls
