#include "binding/association-class.h"

#include "binding/context-class.h"
#include "binding/values.h"
#include "core/endpoint/connection_id_table.h"

namespace native_dtls {

namespace {

constexpr Handle kOnlyHandle = 1;

// What an SSL object weighs, so that the garbage collector knows what an unreachable one is worth.
constexpr int64_t kNativeBytes = 100 * 1024;

}  // namespace

Napi::Function AssociationClass::Define(Napi::Env env) {
  return DefineClass(env, "Association",
                     {
                         InstanceAccessor<&AssociationClass::Deadline>("deadline"),
                         InstanceMethod<&AssociationClass::Start>("start"),
                         InstanceMethod<&AssociationClass::Accept>("accept"),
                         InstanceMethod<&AssociationClass::Receive>("receive"),
                         InstanceMethod<&AssociationClass::HandleTimeout>("handleTimeout"),
                         InstanceMethod<&AssociationClass::Send>("send"),
                         InstanceMethod<&AssociationClass::Shutdown>("shutdown"),
                         InstanceMethod<&AssociationClass::Abort>("abort"),
                         InstanceMethod<&AssociationClass::AnswerPsk>("answerPsk"),
                         InstanceMethod<&AssociationClass::AnswerCertificate>("answerCertificate"),
                         InstanceMethod<&AssociationClass::Info>("info"),
                     });
}

AssociationClass::AssociationClass(const Napi::CallbackInfo& info) : Wrapped(info) {
  const auto* context = ContextClass::From(info[1]);
  if (!info[0].IsString() || context == nullptr || !info[2].IsObject()) {
    ThrowBadArgument(info.Env(), "a role, a Context and association options");
    return;
  }
  const Role role = info[0].As<Napi::String>().Utf8Value() == "server" ? Role::kServer : Role::kClient;
  auto options = AssociationOptionsOf(info[2].As<Napi::Object>());
  // There is one peer: nobody has to be found by it, and any length will do.
  const auto id_bytes = options->handshake.connection_id_bytes;
  auto connection_id = id_bytes ? RandomConnectionId(*id_bytes) : std::nullopt;
  association_ = std::make_unique<Association>(kOnlyHandle, role, context->context(), std::move(options),
                                               &outbox_, &counters_, &pool_, std::move(connection_id));
  Napi::MemoryManagement::AdjustExternalMemory(info.Env(), kNativeBytes);
}

void AssociationClass::Finalize(Napi::BasicEnv env) {
  if (association_) Napi::MemoryManagement::AdjustExternalMemory(env, -kNativeBytes);
}

Napi::Value AssociationClass::Deadline(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), MillisecondsOf(association_ ? association_->deadline() : kNever));
}

Napi::Value AssociationClass::Start(const Napi::CallbackInfo& info) {
  if (Association* association = Begin()) association->Start(TimeOf(info[0]), BytesOf(info[1]));
  return Finish(info.Env());
}

Napi::Value AssociationClass::Accept(const Napi::CallbackInfo& info) {
  if (Association* association = Begin()) {
    association->Accept(TimeOf(info[0]), BytesOf(info[1]), info[2].ToBoolean(), nullptr);
  }
  return Finish(info.Env());
}

Napi::Value AssociationClass::Receive(const Napi::CallbackInfo& info) {
  if (Association* association = Begin()) association->Receive(TimeOf(info[0]), BytesOf(info[1]));
  return Finish(info.Env());
}

Napi::Value AssociationClass::HandleTimeout(const Napi::CallbackInfo& info) {
  if (Association* association = Begin()) association->HandleTimeout(TimeOf(info[0]));
  return Finish(info.Env());
}

Napi::Value AssociationClass::Send(const Napi::CallbackInfo& info) {
  Association* association = Begin();
  const auto message = OptionalBytesOf(info[1]);
  if (association == nullptr || !message) return ThrowBadArgument(info.Env(), "a Uint8Array");
  return SendResultOf(info.Env(), association->Send(*message), outbox_);
}

Napi::Value AssociationClass::Shutdown(const Napi::CallbackInfo& info) {
  if (Association* association = Begin()) association->Shutdown();
  return Finish(info.Env());
}

Napi::Value AssociationClass::Abort(const Napi::CallbackInfo& info) {
  if (Association* association = Begin()) association->Abort(CloseReason::kLocal, true);
  return Finish(info.Env());
}

Napi::Value AssociationClass::AnswerPsk(const Napi::CallbackInfo& info) {
  if (Association* association = Begin()) {
    association->AnswerPsk(TimeOf(info[0]), BytesOf(info[1]), OptionalBytesOf(info[2]));
  }
  return Finish(info.Env());
}

Napi::Value AssociationClass::AnswerCertificate(const Napi::CallbackInfo& info) {
  if (Association* association = Begin()) {
    association->AnswerCertificate(TimeOf(info[0]), info[1].ToBoolean());
  }
  return Finish(info.Env());
}

Napi::Value AssociationClass::Info(const Napi::CallbackInfo& info) {
  return association_ ? InfoOf(info.Env(), *association_) : info.Env().Undefined();
}

Association* AssociationClass::Begin() {
  outbox_.Clear();
  return association_.get();
}

Napi::Value AssociationClass::Finish(Napi::Env env) {
  const auto nowhere = [](Handle) -> const Path* { return nullptr; };
  return BatchOf(env, outbox_, nowhere, nowhere);
}

}  // namespace native_dtls
