// SslPair for TypeScript: see test/support/native-test-addon.ts.
#pragma once

#include "binding/napi-include.h"
#include "core/crypto/aead.h"
#include "test/ssl_pair.h"

namespace native_dtls {

// { cert, key }; empty for anything else.
SslPair::Identity IdentityOf(Napi::Value value);

class SslPairClass : public Napi::ObjectWrap<SslPairClass> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit SslPairClass(const Napi::CallbackInfo& info);

 private:
  Napi::Value Secrets(const Napi::CallbackInfo& info);
  Napi::Value Keys(const Napi::CallbackInfo& info);
  Napi::Value Write(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);

  AeadPool pool_;
  std::unique_ptr<SslPair> pair_;
};

}  // namespace native_dtls
