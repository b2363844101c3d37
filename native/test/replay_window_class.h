// ReplayWindow for TypeScript: see test/support/native-test-addon.ts.
#pragma once

#include "binding/napi-include.h"
#include "core/records/replay_window.h"

namespace native_dtls {

class ReplayWindowClass : public Napi::ObjectWrap<ReplayWindowClass> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit ReplayWindowClass(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  Napi::Value IsNew(const Napi::CallbackInfo& info);
  Napi::Value IsNewest(const Napi::CallbackInfo& info);
  void Note(const Napi::CallbackInfo& info);
  void SaveAndRestore(const Napi::CallbackInfo& info);

  ReplayWindow window_;
};

}  // namespace native_dtls
