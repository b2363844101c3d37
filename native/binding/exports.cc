#include "binding/exports.h"

#include <openssl/crypto.h>

#include "binding/association-class.h"
#include "binding/context-class.h"
#include "binding/cookie-gate-class.h"
#include "binding/endpoint-class.h"
#include "binding/remains.h"
#include "binding/slab.h"
#include "binding/values.h"

namespace native_dtls {

namespace {

// OpenSSL keeps its ABI within a major version (its policy); another one must not be called blindly.
constexpr unsigned int kOpenSslMajor = 3;

}  // namespace

Napi::Object ExportLibrary(Napi::Env env, Napi::Object exports) {
  if (OPENSSL_version_major() != kOpenSslMajor) {
    Napi::Error::New(env, std::string("native-dtls needs OpenSSL 3, and this process has ") +
                              OpenSSL_version(OPENSSL_VERSION))
        .ThrowAsJavaScriptException();
    return exports;
  }
  auto* const slab = new Slab(env);
  env.SetInstanceData(slab);
  exports.Set("slab", slab->object());
  exports.Set("Context", ContextClass::Define(env));
  exports.Set("Endpoint", EndpointClass::Define(env));
  exports.Set("Association", AssociationClass::Define(env));
  exports.Set("CookieGate", CookieGateClass::Define(env));
  exports.Set("isClientSession", Napi::Function::New(env, IsClientSession));
  exports.Set("cipherSuiteNames", Napi::Function::New(env, CipherSuiteNames));
  exports.Set("eventKinds", EventKindsOf(env));
  exports.Set("closeReasons", CloseReasonsOf(env));
  exports.Set("keyLimits", KeyLimitsOf(env));
  exports.Set("errorKinds", ErrorKindsOf(env));
  exports.Set("sendErrors", SendErrorsOf(env));
  exports.Set("restoreErrors", RestoreErrorsOf(env));
  exports.Set("counterNames", StringsOf(env, {std::begin(kCounterNames), std::end(kCounterNames)}));
  exports.Set("slotBits", Napi::Number::New(env, kSlotBits));
  exports.Set("toCandidate", Napi::Number::New(env, kToCandidate));
  exports.Set("opensslVersion", Napi::String::New(env, OpenSSL_version(OPENSSL_VERSION)));
  return exports;
}

}  // namespace native_dtls
