#include "binding/cookie-gate-class.h"

#include "binding/address.h"
#include "binding/values.h"

namespace native_dtls {

Napi::Function CookieGateClass::Define(Napi::Env env) {
  return DefineClass(env, "CookieGate",
                     {
                         InstanceMethod<&CookieGateClass::Check>("check"),
                         InstanceMethod<&CookieGateClass::SetSecret>("setSecret"),
                     });
}

CookieGateClass::CookieGateClass(const Napi::CallbackInfo& info) : Wrapped(info), gate_(BytesOf(info[0])) {}

Napi::Value CookieGateClass::Check(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto datagram = OptionalBytesOf(info[1]);
  if (!datagram || !info[2].IsString() || !info[3].IsNumber()) {
    return ThrowBadArgument(env, "a datagram, an address and a port");
  }
  const auto path =
      ParseAddress(info[2].As<Napi::String>().Utf8Value(), info[3].As<Napi::Number>().Uint32Value());
  if (!path) return env.Undefined();
  const auto judgement = gate_.Judge(TimeOf(info[0]), *path, *datagram);
  if (const auto* reply = std::get_if<CookieGate::Reply>(&judgement)) {
    return Napi::Buffer<uint8_t>::Copy(env, reply->datagram.data(), reply->datagram.size());
  }
  return Napi::Boolean::New(env, std::holds_alternative<CookieGate::Verified>(judgement));
}

void CookieGateClass::SetSecret(const Napi::CallbackInfo& info) { gate_.SetSecret(BytesOf(info[0])); }

}  // namespace native_dtls
