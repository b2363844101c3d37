// HelloThinning for TypeScript: see test/support/native-test-addon.ts.
#pragma once

#include "binding/napi-include.h"
#include "io/hello_thinning.h"

namespace native_dtls {

class HelloThinningClass : public Napi::ObjectWrap<HelloThinningClass> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit HelloThinningClass(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  Napi::Value IsNeeded(const Napi::CallbackInfo& info);
  Napi::Value On(const Napi::CallbackInfo& info);
  void Begin(const Napi::CallbackInfo& info);
  void Look(const Napi::CallbackInfo& info);
  Napi::Value ShareAt(const Napi::CallbackInfo& info);

  HelloThinning thinning_;
};

}  // namespace native_dtls
