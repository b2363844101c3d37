// What OpenSSL finds out about the peer's certificate chain, collected rather than acted on: whether it
// matters is the application's to say.
#pragma once

#include <memory>

#include "core/base/event.h"
#include "core/crypto/openssl_ptr.h"
#include "core/wire/alert.h"

namespace native_dtls {

class ChainVerdict {
 public:
  // Verifies the chain in `store`. To be called once.
  void Collect(X509_STORE_CTX* store);
  // Verifies a chain that the peer has shown in an earlier handshake (leaf first, DER) as of today. To be
  // called once.
  void CollectAgain(SSL* ssl, const std::vector<Bytes>& chain, X509_STORE_CTX_verify_cb note_error);
  // Takes over what an earlier handshake has found out about the leaf: an X509_V code. To be called once.
  void Adopt(X509* leaf, long verify_result);
  // Notes the error that `store` has come upon.
  void NoteError(X509_STORE_CTX* store);

  bool collected() const { return collected_; }
  // X509_V_OK when nothing is wrong.
  int first_error() const { return first_error_; }
  // The peer's certificates as sent, leaf first, DER.
  const std::vector<Bytes>& chain() const { return chain_; }
  std::vector<Bytes> TakeChain() { return std::move(chain_); }
  std::unique_ptr<CertificateQuestion> Question() const;

 private:
  void NoteError(int error, int depth);

  bool collected_ = false;
  int first_error_ = X509_V_OK;
  std::vector<CertificateQuestion::Error> errors_;
  std::vector<Bytes> chain_;
};

}  // namespace native_dtls
