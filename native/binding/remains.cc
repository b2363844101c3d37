#include "binding/remains.h"

#include "binding/arguments.h"
#include "binding/values.h"

namespace native_dtls {

namespace {

constexpr size_t kSlots = 8;
constexpr size_t kSlotsWithExtras = 11;

}  // namespace

Napi::Value RemainsOf(Napi::Env env, const Association& association) {
  const Association::Facts* facts = association.facts();
  if (facts == nullptr) return env.Undefined();
  const auto& extras = facts->extras();
  const bool has_extras = &extras == facts->some_extras.get();
  Napi::Array remains = Napi::Array::New(env, has_extras ? kSlotsWithExtras : kSlots);
  uint32_t next = 0;
  const auto add = [&](double number) { remains.Set(next++, Napi::Number::New(env, number)); };
  const Association::Traffic& traffic = association.traffic();
  add(static_cast<double>(traffic.messages_sent));
  add(static_cast<double>(traffic.messages_received));
  add(static_cast<double>(traffic.bytes_sent));
  add(static_cast<double>(traffic.bytes_received));
  add(facts->suite->id);
  add(static_cast<double>(association.max_message_bytes()));
  remains.Set(next++, Napi::Boolean::New(env, facts->session_reused));
  remains.Set(next++, facts->suite->uses_psk ? Napi::String::New(env, facts->psk_identity) : env.Undefined());
  if (!has_extras) return remains;
  remains.Set(next++, Napi::String::New(env, extras.server_name));
  remains.Set(next++,
              extras.alpn_protocol.empty() ? env.Undefined() : Napi::String::New(env, extras.alpn_protocol));
  remains.Set(next++, BuffersOf(env, extras.peer_certificates));
  return remains;
}

Napi::Value CipherSuiteNames(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  const auto id = static_cast<uint16_t>(arguments.Count(0, 0xffff));
  if (arguments.Refused()) return env.Undefined();
  const CipherSuite* suite = FindCipherSuite(id);
  if (suite == nullptr) return env.Undefined();
  Napi::Array names = Napi::Array::New(env, 2);
  names.Set(0u, Napi::String::New(env, std::string(suite->name)));
  names.Set(1u, Napi::String::New(env, std::string(suite->standard_name)));
  return names;
}

}  // namespace native_dtls
