// Bytes brought to JavaScript without an object for each: NativeSlab of lib/native-seam.ts.
#pragma once

#include "binding/napi-include.h"
#include "core/base/outbox.h"

namespace native_dtls {

// One for each environment, because one call is dealt with at a time.
class Slab {
 public:
  explicit Slab(Napi::Env env);
  static Slab& Of(Napi::Env env) { return *env.GetInstanceData<Slab>(); }

  Napi::Object object() const { return object_.Value(); }
  // The messages of the outbox take the place of what the call before has brought.
  void PutMessages(Napi::Env env, const Outbox& outbox);
  // So does one datagram, and there are no messages.
  void PutDatagram(Napi::Env env, Handle handle, ByteView datagram);

 private:
  // Where so many things of so many bytes go; not ready when there is no memory for them.
  bool MakeReady(Napi::Env env, size_t things, size_t bytes);
  bool HasTable(Napi::Env env, size_t things);
  bool HasRoom(Napi::Env env, size_t bytes);
  void Put(Handle handle, ByteView bytes);

  Napi::ObjectReference object_;
  Napi::Reference<Napi::Uint32Array> table_;
  Napi::Reference<Napi::ArrayBuffer> bytes_;
  // What lies before is somebody's, and is never written again.
  size_t used_ = 0;
  bool holds_messages_ = false;
  // Good while a call is made ready for.
  uint32_t* row_ = nullptr;
  uint8_t* room_ = nullptr;
};

}  // namespace native_dtls
