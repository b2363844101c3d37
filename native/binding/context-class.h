// NativeContext of lib/native-seam.ts.
#pragma once

#include "binding/wrapped.h"
#include "core/handshake/context.h"

namespace native_dtls {

class ContextClass : public Wrapped<ContextClass> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit ContextClass(const Napi::CallbackInfo& info);

  const std::shared_ptr<const Context>& context() const { return context_; }

 private:
  Napi::Value Ciphers(const Napi::CallbackInfo& info);

  std::shared_ptr<const Context> context_;
};

}  // namespace native_dtls
