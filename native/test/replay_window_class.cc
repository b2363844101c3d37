#include "test/replay_window_class.h"

namespace native_dtls {

namespace {

uint64_t NumberOf(Napi::Value value) { return static_cast<uint64_t>(value.As<Napi::Number>().DoubleValue()); }

}  // namespace

Napi::Function ReplayWindowClass::Define(Napi::Env env) {
  return DefineClass(env, "ReplayWindow",
                     {
                         InstanceMethod<&ReplayWindowClass::IsNew>("isNew"),
                         InstanceMethod<&ReplayWindowClass::IsNewest>("isNewest"),
                         InstanceMethod<&ReplayWindowClass::Note>("note"),
                         InstanceMethod<&ReplayWindowClass::SaveAndRestore>("saveAndRestore"),
                         StaticValue("size", Napi::Number::New(env, ReplayWindow::kBits)),
                     });
}

Napi::Value ReplayWindowClass::IsNew(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), window_.IsNew(NumberOf(info[0])));
}

Napi::Value ReplayWindowClass::IsNewest(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), window_.IsNewest(NumberOf(info[0])));
}

void ReplayWindowClass::Note(const Napi::CallbackInfo& info) { window_.Note(NumberOf(info[0])); }

void ReplayWindowClass::SaveAndRestore(const Napi::CallbackInfo&) {
  window_ = ReplayWindow::Restore(window_.Save());
}

}  // namespace native_dtls
