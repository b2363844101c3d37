// What peers have said, brought to JavaScript without an object for each: NativeReceived of
// lib/native-seam.ts.
#pragma once

#include "binding/napi-include.h"
#include "core/base/outbox.h"

namespace native_dtls {

// One for each environment, because one call is dealt with at a time.
class ReceivedMessages {
 public:
  explicit ReceivedMessages(Napi::Env env);
  static ReceivedMessages& Of(Napi::Env env) { return *env.GetInstanceData<ReceivedMessages>(); }

  Napi::Object object() const { return object_.Value(); }
  // The messages of the outbox take the place of those of the call before.
  void Publish(Napi::Env env, const Outbox& outbox);

 private:
  // Where so many messages, and so many bytes of them, go; null when there is no memory for them.
  uint32_t* Table(Napi::Env env, size_t messages);
  uint8_t* Slab(Napi::Env env, size_t bytes);

  Napi::ObjectReference object_;
  Napi::Reference<Napi::Uint32Array> table_;
  Napi::Reference<Napi::ArrayBuffer> slab_;
  // Of the slab: what lies before is somebody's message, and is never written again.
  size_t used_ = 0;
  bool told_ = false;
};

}  // namespace native_dtls
