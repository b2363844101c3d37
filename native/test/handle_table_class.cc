#include "test/handle_table_class.h"

namespace native_dtls {

namespace {

uint32_t NumberOf(Napi::Value value) { return value.As<Napi::Number>().Uint32Value(); }

}  // namespace

Napi::Function HandleTableClass::Define(Napi::Env env) {
  return DefineClass(env, "HandleTable",
                     {
                         InstanceAccessor<&HandleTableClass::Size>("size"),
                         InstanceMethod<&HandleTableClass::Has>("has"),
                         InstanceMethod<&HandleTableClass::Insert>("insert"),
                         InstanceMethod<&HandleTableClass::Erase>("erase"),
                     });
}

Napi::Value HandleTableClass::Size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(table_.size()));
}

Napi::Value HandleTableClass::Has(const Napi::CallbackInfo& info) {
  const Handle meant = NumberOf(info[1]);
  const Handle found = table_.Find(NumberOf(info[0]), [meant](Handle handle) { return handle == meant; });
  return Napi::Boolean::New(info.Env(), found == meant);
}

void HandleTableClass::Insert(const Napi::CallbackInfo& info) {
  table_.Insert(NumberOf(info[0]), NumberOf(info[1]));
}

void HandleTableClass::Erase(const Napi::CallbackInfo& info) {
  table_.Erase(NumberOf(info[0]), NumberOf(info[1]));
}

}  // namespace native_dtls
