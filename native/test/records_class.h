// Records for TypeScript: see test/support/native-test-addon.ts.
#pragma once

#include "binding/napi-include.h"
#include "core/records/records.h"

namespace native_dtls {

class RecordsClass : public Napi::ObjectWrap<RecordsClass> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit RecordsClass(const Napi::CallbackInfo& info);

 private:
  Napi::Value Seal(const Napi::CallbackInfo& info);
  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value SealingLimitReached(const Napi::CallbackInfo& info);
  Napi::Value ForgeryLimitReached(const Napi::CallbackInfo& info);

  std::optional<Records> records_;
};

}  // namespace native_dtls
