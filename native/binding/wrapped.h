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
    const auto object = value.As<Napi::Object>();
    const napi_type_tag tag = Tag();
    return object.CheckTypeTag(&tag) ? Napi::ObjectWrap<T>::Unwrap(object) : nullptr;
  }

 protected:
  explicit Wrapped(const Napi::CallbackInfo& info) : Napi::ObjectWrap<T>(info) {
    const napi_type_tag tag = Tag();
    info.This().As<Napi::Object>().TypeTag(&tag);
  }

 private:
  // Addresses of this copy's own: two loaded copies differ in the first word, two classes in the second.
  static napi_type_tag Tag() {
    static const char of_this_class = 0;
    return {reinterpret_cast<uint64_t>(&Tag), reinterpret_cast<uint64_t>(&of_this_class)};
  }
};

}  // namespace native_dtls
