#include "fuzz/credentials.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "core/crypto/openssl_ptr.h"
#include "core/wire/byte_reader.h"
#include "fuzz/deterministic_random.h"

namespace native_dtls {

namespace {

constexpr long kDay = 24 * 3600;

struct Identity {
  PkeyPtr key;
  Bytes key_pem;
  Bytes certificate_pem;
  Bytes certificate_der;
};

Bytes Written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return Bytes(data, data + size);
}

void Check(bool succeeded) {
  if (!succeeded) std::abort();
}

Identity MakeIdentity() {
  RestartRandom();
  Identity identity{
      .key = PkeyPtr(EVP_EC_gen("P-256")), .key_pem = {}, .certificate_pem = {}, .certificate_der = {}};
  const X509Ptr certificate(X509_new());
  X509* x509 = certificate.get();
  X509_NAME* name = X509_get_subject_name(x509);
  const auto* text = reinterpret_cast<const unsigned char*>("localhost");
  Check(X509_set_version(x509, X509_VERSION_3) == 1);
  Check(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1);
  Check(X509_gmtime_adj(X509_getm_notBefore(x509), -kDay) != nullptr);
  Check(X509_gmtime_adj(X509_getm_notAfter(x509), 30 * kDay) != nullptr);
  Check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1);
  Check(X509_set_issuer_name(x509, name) == 1);
  Check(X509_set_pubkey(x509, identity.key.get()) == 1);
  Check(X509_sign(x509, identity.key.get(), EVP_sha256()) > 0);
  const BioPtr key_bio(BIO_new(BIO_s_mem()));
  const BioPtr certificate_bio(BIO_new(BIO_s_mem()));
  Check(PEM_write_bio_PrivateKey(key_bio.get(), identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
        1);
  Check(PEM_write_bio_X509(certificate_bio.get(), x509) == 1);
  identity.key_pem = Written(key_bio.get());
  identity.certificate_pem = Written(certificate_bio.get());
  unsigned char* der = nullptr;
  const int der_bytes = i2d_X509(x509, &der);
  Check(der_bytes > 0);
  identity.certificate_der.assign(der, der + der_bytes);
  OPENSSL_free(der);
  return identity;
}

const Identity& OnlyIdentity() {
  static const Identity identity = MakeIdentity();
  return identity;
}

std::shared_ptr<const Context> Made(const ContextOptions& options) {
  auto created = Context::Create(options);
  Check(std::holds_alternative<std::shared_ptr<const Context>>(created));
  return std::get<std::shared_ptr<const Context>>(created);
}

}  // namespace

std::shared_ptr<const Context> PlainContext() {
  static const auto context = Made({});
  return context;
}

std::shared_ptr<const Context> CertificateContext() {
  static const auto context = [] {
    const Identity& identity = OnlyIdentity();
    ContextOptions options;
    options.identities.push_back({.certificates = identity.certificate_pem,
                                  .key = Secret(ByteView(identity.key_pem)),
                                  .passphrase = Secret()});
    options.authorities.push_back(identity.certificate_pem);
    options.name_authorities = true;
    return Made(options);
  }();
  return context;
}

Bytes CertificateBody() {
  const Bytes& der = OnlyIdentity().certificate_der;
  Bytes body(3 + 3 + der.size());
  uint8_t* at = PutInteger(PutInteger(body.data(), 3 + der.size(), 3), der.size(), 3);
  std::ranges::copy(der, at);
  return body;
}

Bytes SignatureOf(ByteView data) {
  constexpr uint64_t kEcdsaSha256 = 0x0403;
  using DigestCtxPtr = OpenSslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
  const DigestCtxPtr digest(EVP_MD_CTX_new());
  size_t size = 0;
  Check(EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, OnlyIdentity().key.get()) == 1);
  Check(EVP_DigestSign(digest.get(), nullptr, &size, data.data(), data.size()) == 1);
  Bytes signature(4 + size);
  Check(EVP_DigestSign(digest.get(), signature.data() + 4, &size, data.data(), data.size()) == 1);
  signature.resize(4 + size);
  PutInteger(PutInteger(signature.data(), kEcdsaSha256, 2), size, 2);
  return signature;
}

}  // namespace native_dtls
