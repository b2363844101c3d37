#include "binding/cookie-gate-class.h"

#include "binding/arguments.h"

namespace native_dtls {

Napi::Function CookieGateClass::Define(Napi::Env env) {
  return DefineClass(env, "CookieGate",
                     {
                         InstanceMethod<&CookieGateClass::Check>("check"),
                         InstanceMethod<&CookieGateClass::SetSecret>("setSecret"),
                     });
}

CookieGateClass::CookieGateClass(const Napi::CallbackInfo& info) : Wrapped(info) {
  Arguments arguments(info);
  const ByteView secret = arguments.Data(0);
  if (!arguments.Refused()) gate_.emplace(secret);
}

Napi::Value CookieGateClass::Check(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const ByteView datagram = arguments.Data(1);
  const auto path = arguments.Address(2, 3);
  if (arguments.Refused() || !path) return env.Undefined();
  const auto judgement = gate_->Judge(now, *path, datagram);
  if (const auto* reply = std::get_if<CookieGate::Reply>(&judgement)) {
    return Napi::Buffer<uint8_t>::Copy(env, reply->datagram.data(), reply->datagram.size());
  }
  return Napi::Boolean::New(env, std::holds_alternative<CookieGate::Verified>(judgement));
}

void CookieGateClass::SetSecret(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const ByteView secret = arguments.Data(0);
  if (!arguments.Refused()) gate_->SetSecret(secret);
}

}  // namespace native_dtls
