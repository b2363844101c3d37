// One configuration, parsed and checked once and shared by any number of associations: credentials, trust,
// suites.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/event.h"
#include "core/crypto/openssl_ptr.h"
#include "core/crypto/secret.h"

namespace native_dtls {

struct ContextOptions {
  struct Identity {
    // PEM: the leaf first, then its chain.
    Bytes certificates;
    // PEM.
    Secret key;
    Secret passphrase;
  };
  std::vector<Identity> identities;
  // PEM bundles.
  std::vector<Bytes> authorities;
  // A server that asks for a certificate names them; a list as long as the default roots is longer than the
  // longest handshake message.
  bool name_authorities = false;
  // OpenSSL's cipher string; empty for the default suites.
  std::string ciphers;
  bool honor_cipher_order = true;
};

struct ContextError {
  ErrorKind kind;
  // What it is about: the name of a suite, or nothing.
  std::string subject;
  std::vector<std::string> openssl_errors;
};

// What sessions of different servers are told apart by.
using SessionIdContext = std::array<uint8_t, SSL_MAX_SID_CTX_LENGTH>;

class Context {
 public:
  static std::variant<std::shared_ptr<const Context>, ContextError> Create(const ContextOptions& options);

  SSL_CTX* ssl_ctx() const { return ctx_.get(); }
  // OpenSSL's names of the enabled suites, in order.
  const std::vector<std::string>& ciphers() const { return ciphers_; }
  // The PSK suites among them, as a cipher string; empty when there are none.
  const std::string& psk_ciphers() const { return psk_ciphers_; }
  // A digest of the trusted authorities; the last byte is left to the server.
  const SessionIdContext& session_id_context() const { return session_id_context_; }

  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  using SecurityCallback = int (*)(const SSL*, const SSL_CTX*, int, int, int, void*, void*);

  Context() = default;

  std::optional<ContextError> Configure(const ContextOptions& options);
  std::optional<ContextError> UseSuites(const std::string& ciphers);
  std::optional<ContextError> UseIdentity(const ContextOptions::Identity& identity);
  std::optional<ContextError> UseAuthorities(ByteView pem, bool name_them);
  bool DigestAuthorities(const std::vector<Bytes>& authorities);
  void AdmitTruncatedTags();

  static int CheckSecurity(const SSL* ssl, const SSL_CTX* ctx, int operation, int bits, int nid, void* other,
                           void* self);

  SslCtxPtr ctx_;
  SecurityCallback default_security_ = nullptr;
  std::vector<std::string> ciphers_;
  std::string psk_ciphers_;
  SessionIdContext session_id_context_{};
};

}  // namespace native_dtls
