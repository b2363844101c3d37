// Base of the classes that JavaScript sees: an object that was made by another class, or by another copy of
// the addon, is never taken for one of ours.
#pragma once

#include "binding/napi-include.h"

namespace native_dtls {

template <typename T>
class Wrapped : public Napi::ObjectWrap<T> {
 public:
  // Null for anything but an instance of T made by this copy of the addon.
  static T* From(Napi::Value value) {
    if (!value.IsObject()) return nullptr;
    const napi_type_tag tag = Tag();
    bool is_ours = false;
    if (napi_check_object_type_tag(value.Env(), value, &tag, &is_ours) != napi_ok || !is_ours) return nullptr;
    return Napi::ObjectWrap<T>::Unwrap(value.As<Napi::Object>());
  }

 protected:
  using Method = Napi::Value (T::*)(const Napi::CallbackInfo&);

  // V8 checks whom a method is called on. With a getter that is left to us.
  template <Method method>
  static Napi::ClassPropertyDescriptor<T> Getter(const char* name) {
    napi_property_descriptor descriptor{};
    descriptor.utf8name = name;
    descriptor.getter = Get<method>;
    return descriptor;
  }

  explicit Wrapped(const Napi::CallbackInfo& info) : Napi::ObjectWrap<T>(info) {
    const napi_type_tag tag = Tag();
    info.This().As<Napi::Object>().TypeTag(&tag);
  }

 private:
  template <Method method>
  static napi_value Get(napi_env env, napi_callback_info raw) {
    const Napi::CallbackInfo info(env, raw);
    T* self = From(info.This());
    if (self != nullptr) return (self->*method)(info);
    Napi::TypeError::New(env, "called on an object of another class").ThrowAsJavaScriptException();
    return nullptr;
  }

  // Addresses of this copy's own: two loaded copies differ in the first word, two classes in the second.
  static napi_type_tag Tag() {
    static const char of_this_class = 0;
    return {reinterpret_cast<uint64_t>(&Tag), reinterpret_cast<uint64_t>(&of_this_class)};
  }
};

}  // namespace native_dtls
