// HandleTable for TypeScript: see test/support/native-test-addon.ts.
#pragma once

#include "binding/napi-include.h"
#include "core/base/handle_table.h"

namespace native_dtls {

class HandleTableClass : public Napi::ObjectWrap<HandleTableClass> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit HandleTableClass(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  Napi::Value Size(const Napi::CallbackInfo& info);
  Napi::Value Has(const Napi::CallbackInfo& info);
  void Insert(const Napi::CallbackInfo& info);
  void Erase(const Napi::CallbackInfo& info);

  HandleTable table_;
};

}  // namespace native_dtls
