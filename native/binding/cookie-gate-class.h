// NativeCookieGate of lib/native-seam.ts.
#pragma once

#include <optional>

#include "binding/wrapped.h"
#include "core/endpoint/cookie_gate.h"

namespace native_dtls {

class CookieGateClass : public Wrapped<CookieGateClass> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit CookieGateClass(const Napi::CallbackInfo& info);

 private:
  Napi::Value Check(const Napi::CallbackInfo& info);
  void SetSecret(const Napi::CallbackInfo& info);

  // There, unless the constructor threw.
  std::optional<CookieGate> gate_;
};

}  // namespace native_dtls
