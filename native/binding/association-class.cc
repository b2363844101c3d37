#include "binding/association-class.h"

#include "binding/context-class.h"
#include "binding/options.h"
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
                         Getter<&AssociationClass::Deadline>("deadline"),
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
  Arguments arguments(info);
  auto options = AssociationOptionsOf(arguments.Options(2));
  const Role role = arguments.RoleName(0);
  const auto* context = arguments.Object<ContextClass>(1, "a Context");
  if (arguments.Refused()) return;
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
  return Napi::Number::New(info.Env(), MillisecondsOf(association_->deadline()));
}

Napi::Value AssociationClass::Start(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const auto session = arguments.OptionalData(1);
  return Do(&arguments, info.Env(), [&] { association_->Start(now, session.value_or(ByteView())); });
}

Napi::Value AssociationClass::Accept(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const ByteView hello = arguments.Data(1);
  const bool cookie_verified = arguments.Flag(2);
  return Do(&arguments, info.Env(), [&] { association_->Accept(now, hello, cookie_verified, nullptr); });
}

Napi::Value AssociationClass::Receive(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const ByteView datagram = arguments.Data(1);
  return Do(&arguments, info.Env(), [&] { association_->Receive(now, datagram); });
}

Napi::Value AssociationClass::HandleTimeout(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  return Do(&arguments, info.Env(), [&] { association_->HandleTimeout(now); });
}

Napi::Value AssociationClass::Send(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const ByteView message = arguments.Data(1);
  if (arguments.Refused()) return info.Env().Undefined();
  outbox_.Clear();
  return SendResultOf(info.Env(), association_->Send(message), outbox_);
}

Napi::Value AssociationClass::Shutdown(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return Do(&arguments, info.Env(), [&] { association_->Shutdown(); });
}

Napi::Value AssociationClass::Abort(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return Do(&arguments, info.Env(), [&] { association_->Abort(CloseReason::kLocal, true); });
}

Napi::Value AssociationClass::AnswerPsk(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const auto identity = arguments.OptionalData(1);
  const auto key = arguments.OptionalData(2);
  return Do(&arguments, info.Env(),
            [&] { association_->AnswerPsk(now, identity.value_or(ByteView()), key); });
}

Napi::Value AssociationClass::AnswerCertificate(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const bool accept = arguments.Flag(1);
  return Do(&arguments, info.Env(), [&] { association_->AnswerCertificate(now, accept); });
}

Napi::Value AssociationClass::Info(const Napi::CallbackInfo& info) {
  return InfoOf(info.Env(), *association_);
}

template <typename Call>
Napi::Value AssociationClass::Do(Arguments* arguments, Napi::Env env, Call call) {
  if (arguments->Refused()) return env.Undefined();
  outbox_.Clear();
  call();
  const auto nowhere = [](Handle) -> const Path* { return nullptr; };
  return BatchOf(env, outbox_, nowhere, nowhere);
}

}  // namespace native_dtls
