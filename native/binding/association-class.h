// NativeAssociation of lib/native-seam.ts.
#pragma once

#include <array>
#include <memory>

#include "binding/arguments.h"
#include "binding/wrapped.h"
#include "core/endpoint/association.h"

namespace native_dtls {

class AssociationClass : public Wrapped<AssociationClass> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit AssociationClass(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

 private:
  Napi::Value Deadline(const Napi::CallbackInfo& info);
  Napi::Value Start(const Napi::CallbackInfo& info);
  Napi::Value Accept(const Napi::CallbackInfo& info);
  Napi::Value Receive(const Napi::CallbackInfo& info);
  Napi::Value HandleTimeout(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Shutdown(const Napi::CallbackInfo& info);
  Napi::Value Abort(const Napi::CallbackInfo& info);
  Napi::Value AnswerPsk(const Napi::CallbackInfo& info);
  Napi::Value AnswerCertificate(const Napi::CallbackInfo& info);
  Napi::Value Info(const Napi::CallbackInfo& info);

  // A call with an empty outbox, unless its arguments are refused, and what it has produced.
  template <typename Call>
  Napi::Value Do(Arguments* arguments, Napi::Env env, Call call);

  std::array<double, kCounterCount> counts_{};
  Counters counters_{counts_};
  Outbox outbox_;
  AeadPool pool_;
  // There, unless the constructor threw; then nobody has this object.
  std::unique_ptr<Association> association_;
};

}  // namespace native_dtls
