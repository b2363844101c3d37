#include "core/handshake/context.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <string_view>

#include "core/base/defence.h"
#include "core/crypto/cipher_suite.h"
#include "core/crypto/error_queue.h"
#include "core/handshake/handshake.h"

namespace native_dtls {

namespace {

// Bounds what a peer makes us allocate for a message announced but never sent (CVE-2026-95690); OpenSSL's
// floor.
constexpr long kMaxCertificateListBytes = 16384;

ContextError Fail(ErrorKind kind, std::string subject = {}) {
  return {kind, std::move(subject), TakeErrorQueue()};
}

BioPtr ReadOnlyBio(ByteView bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

int GivePassphrase(char* out, int size, int, void* passphrase) {
  const ByteView view = static_cast<const Secret*>(passphrase)->view();
  if (view.size() > static_cast<size_t>(size)) return -1;
  std::ranges::copy(view, reinterpret_cast<uint8_t*>(out));
  return static_cast<int>(view.size());
}

// Certificates of a PEM text, in order; empty when one of them cannot be read.
std::vector<X509Ptr> ReadCertificates(ByteView pem) {
  std::vector<X509Ptr> certificates;
  const BioPtr bio = ReadOnlyBio(pem);
  Secret no_passphrase;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, GivePassphrase, &no_passphrase)) {
    certificates.emplace_back(certificate);
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return {};
  if (!certificates.empty()) ERR_clear_error();
  return certificates;
}

bool MentionsEncryption(ByteView pem) {
  const std::string_view text(reinterpret_cast<const char*>(pem.data()), pem.size());
  return text.find("ENCRYPTED") != std::string_view::npos;
}

bool NamesASuite(const SSL_CTX* ctx, std::string_view token) {
  const SslPtr ssl(SSL_new(const_cast<SSL_CTX*>(ctx)));
  if (!ssl || SSL_set_cipher_list(ssl.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0") != 1) return false;
  const STACK_OF(SSL_CIPHER)* all = SSL_get_ciphers(ssl.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(all, i);
    const char* standard_name = SSL_CIPHER_standard_name(cipher);
    if (token == SSL_CIPHER_get_name(cipher) || (standard_name != nullptr && token == standard_name)) {
      return FindCipherSuite(SSL_CIPHER_get_protocol_id(cipher)) == nullptr;
    }
  }
  return false;
}

// The first suite that the string asks for by name and that is not ours; empty when there is none. Aliases
// such as HIGH are not meant by name: what is not ours among them is left out.
std::string_view FirstForeignSuite(const SSL_CTX* ctx, std::string_view ciphers) {
  constexpr std::string_view kSeparators = ":, ";
  while (!ciphers.empty()) {
    const size_t end = std::min(ciphers.find_first_of(kSeparators), ciphers.size());
    const std::string_view token = ciphers.substr(0, end);
    ciphers.remove_prefix(std::min(end + 1, ciphers.size()));
    if (!token.empty() && NamesASuite(ctx, token)) return token;
  }
  return {};
}

}  // namespace

std::variant<std::shared_ptr<const Context>, ContextError> Context::Create(const ContextOptions& options) {
  const ErrorQueueScope errors;
  std::shared_ptr<Context> context(new Context());
  if (auto error = context->Configure(options)) return std::move(*error);
  return context;
}

std::optional<ContextError> Context::Configure(const ContextOptions& options) {
  ctx_.reset(SSL_CTX_new(DTLS_method()));
  if (!ctx_ || SSL_CTX_set_min_proto_version(ctx_.get(), DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(ctx_.get(), DTLS1_2_VERSION) != 1) {
    return Fail(ErrorKind::kInternal);
  }
  SSL_CTX_set_options(
      ctx_.get(), SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  if (options.honor_cipher_order) SSL_CTX_set_options(ctx_.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(ctx_.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx_.get(), SSL_MODE_RELEASE_BUFFERS);
  // For the DHE-PSK and DHE-RSA suites, which are there for those who ask for them by name.
  SSL_CTX_set_dh_auto(ctx_.get(), 1);
  if (Stands(Defence::kAnnouncedLengthsBounded)) {
    SSL_CTX_set_max_cert_list(ctx_.get(), kMaxCertificateListBytes);
  }
  Handshake::PrepareContext(ctx_.get());
  AdmitTruncatedTags();

  if (auto error = UseSuites(options.ciphers)) return error;
  for (const auto& identity : options.identities) {
    if (auto error = UseIdentity(identity)) return error;
  }
  for (const Bytes& pem : options.authorities) {
    if (auto error = UseAuthorities(pem, options.name_authorities)) return error;
  }
  if (!DigestAuthorities(options.authorities)) return Fail(ErrorKind::kInternal);
  return std::nullopt;
}

std::optional<ContextError> Context::UseSuites(const std::string& ciphers) {
  const std::string_view foreign = FirstForeignSuite(ctx_.get(), ciphers);
  if (!foreign.empty()) return Fail(ErrorKind::kCipherNotSupported, std::string(foreign));
  if (SSL_CTX_set_cipher_list(ctx_.get(), ciphers.empty() ? kDefaultCipherList : ciphers.c_str()) != 1) {
    return Fail(ErrorKind::kCipherUnknown, ciphers);
  }
  std::string ours;
  const STACK_OF(SSL_CIPHER)* chosen = SSL_CTX_get_ciphers(ctx_.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(chosen); ++i) {
    const auto* suite = FindCipherSuite(SSL_CIPHER_get_protocol_id(sk_SSL_CIPHER_value(chosen, i)));
    if (suite == nullptr) continue;
    ciphers_.emplace_back(suite->name);
    ours.append(ours.empty() ? "" : ":").append(suite->name);
    if (suite->uses_psk) psk_ciphers_.append(psk_ciphers_.empty() ? "" : ":").append(suite->name);
  }
  if (ciphers_.empty()) return Fail(ErrorKind::kCipherNotSupported, ciphers);
  if (SSL_CTX_set_cipher_list(ctx_.get(), ours.c_str()) != 1) return Fail(ErrorKind::kCipherUnknown, ours);
  return std::nullopt;
}

std::optional<ContextError> Context::UseIdentity(const ContextOptions::Identity& identity) {
  const std::vector<X509Ptr> certificates = ReadCertificates(identity.certificates);
  if (certificates.empty()) return Fail(ErrorKind::kCertificateUnreadable);

  const BioPtr bio = ReadOnlyBio(identity.key.view());
  const PkeyPtr key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassphrase, const_cast<Secret*>(&identity.passphrase)));
  if (!key) {
    return Fail(MentionsEncryption(identity.key.view()) ? ErrorKind::kKeyPassphraseWrong
                                                        : ErrorKind::kKeyUnreadable);
  }

  const X509ChainPtr chain(sk_X509_new_null());
  for (size_t i = 1; i < certificates.size(); ++i) {
    X509_up_ref(certificates[i].get());
    if (sk_X509_push(chain.get(), certificates[i].get()) == 0) {
      X509_free(certificates[i].get());
      return Fail(ErrorKind::kInternal);
    }
  }
  if (SSL_CTX_use_cert_and_key(ctx_.get(), certificates[0].get(), key.get(), chain.get(), 1) != 1) {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    const bool mismatch = reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH ||
                          reason == SSL_R_PRIVATE_KEY_MISMATCH;
    return Fail(mismatch ? ErrorKind::kKeyMismatch : ErrorKind::kCertificateUnreadable);
  }
  return std::nullopt;
}

std::optional<ContextError> Context::UseAuthorities(ByteView pem, bool name_them) {
  const std::vector<X509Ptr> certificates = ReadCertificates(pem);
  if (certificates.empty()) return Fail(ErrorKind::kAuthorityUnreadable);
  X509_STORE* store = SSL_CTX_get_cert_store(ctx_.get());
  for (const X509Ptr& certificate : certificates) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1 ||
        (name_them && SSL_CTX_add_client_CA(ctx_.get(), certificate.get()) != 1)) {
      return Fail(ErrorKind::kAuthorityUnreadable);
    }
  }
  return std::nullopt;
}

bool Context::DigestAuthorities(const std::vector<Bytes>& authorities) {
  static_assert(SSL_MAX_SID_CTX_LENGTH == 32);
  using DigestCtxPtr = OpenSslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
  const DigestCtxPtr digest(EVP_MD_CTX_new());
  if (!digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) return false;
  for (const Bytes& pem : authorities) {
    if (EVP_DigestUpdate(digest.get(), pem.data(), pem.size()) != 1) return false;
  }
  return EVP_DigestFinal_ex(digest.get(), session_id_context_.data(), nullptr) == 1;
}

// OpenSSL 3.2 and later refuse the CCM8 suites above security level 0. They are admitted here alone;
// certificates, curves and signatures keep their level.
void Context::AdmitTruncatedTags() {
  default_security_ = SSL_CTX_get_security_callback(ctx_.get());
  SSL_CTX_set0_security_ex_data(ctx_.get(), this);
  SSL_CTX_set_security_callback(ctx_.get(), CheckSecurity);
}

int Context::CheckSecurity(const SSL* ssl, const SSL_CTX* ctx, int operation, int bits, int nid, void* other,
                           void* self) {
  constexpr uint8_t kTruncatedTagBytes = 8;
  if (operation == SSL_SECOP_CIPHER_SUPPORTED || operation == SSL_SECOP_CIPHER_SHARED ||
      operation == SSL_SECOP_CIPHER_CHECK) {
    const auto* suite = FindCipherSuite(SSL_CIPHER_get_protocol_id(static_cast<const SSL_CIPHER*>(other)));
    if (suite != nullptr && suite->shape().tag_bytes == kTruncatedTagBytes) return 1;
  }
  return static_cast<const Context*>(self)->default_security_(ssl, ctx, operation, bits, nid, other, nullptr);
}

}  // namespace native_dtls
