#include "test/ssl_pair_class.h"

#include "core/crypto/key_schedule.h"
#include "test/arguments.h"

namespace native_dtls {

namespace {

constexpr size_t kMasterSecretBytes = 48;
constexpr size_t kRandomBytes = 32;

Napi::Value KeyOf(Napi::Env env, const TrafficKey& key) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("key", BufferOf(env, key.key()));
  object.Set("fixedIv", BufferOf(env, key.fixed_iv()));
  return object;
}

bool IsClient(Napi::Value side) { return side.As<Napi::String>().Utf8Value() == "client"; }

}  // namespace

SslPair::Identity IdentityOf(Napi::Value value) {
  if (!value.IsObject()) return {};
  const auto given = value.As<Napi::Object>();
  return {given.Get("cert").As<Napi::String>(), given.Get("key").As<Napi::String>()};
}

Napi::Function SslPairClass::Define(Napi::Env env) {
  return DefineClass(env, "SslPair",
                     {
                         InstanceMethod<&SslPairClass::Secrets>("secrets"),
                         InstanceMethod<&SslPairClass::Keys>("keys"),
                         InstanceMethod<&SslPairClass::Write>("write"),
                         InstanceMethod<&SslPairClass::Read>("read"),
                     });
}

SslPairClass::SslPairClass(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const CipherSuite* suite = FindCipherSuite(static_cast<uint16_t>(info[0].As<Napi::Number>().Uint32Value()));
  if (suite != nullptr) pair_ = SslPair::Create(*suite, IdentityOf(info[1]));
  if (!pair_) Throw(info.Env(), "OpenSSL could not shake hands with itself");
}

Napi::Value SslPairClass::Secrets(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SSL* ssl = pair_->ssl(true);
  std::array<uint8_t, kMasterSecretBytes> master;
  std::array<uint8_t, kRandomBytes> client_random, server_random;
  SSL_SESSION_get_master_key(SSL_get_session(ssl), master.data(), master.size());
  SSL_get_client_random(ssl, client_random.data(), client_random.size());
  SSL_get_server_random(ssl, server_random.data(), server_random.size());
  Napi::Object object = Napi::Object::New(env);
  object.Set("masterSecret", BufferOf(env, master));
  object.Set("clientRandom", BufferOf(env, client_random));
  object.Set("serverRandom", BufferOf(env, server_random));
  return object;
}

Napi::Value SslPairClass::Keys(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto secrets = SessionSecrets::Of(pair_->ssl(info[0].IsString() && IsClient(info[0])));
  const auto keys = secrets ? DeriveKeys(*secrets, pair_->suite(), pool_) : std::nullopt;
  if (!keys) return Throw(env, "no keys");
  Napi::Object object = Napi::Object::New(env);
  object.Set("client", KeyOf(env, keys->client_write));
  object.Set("server", KeyOf(env, keys->server_write));
  return object;
}

Napi::Value SslPairClass::Write(const Napi::CallbackInfo& info) {
  const ByteView datagram = pair_->Write(IsClient(info[0]), ViewOf(info[1]));
  if (datagram.empty()) return Throw(info.Env(), "SSL_write failed");
  return BufferOf(info.Env(), datagram);
}

Napi::Value SslPairClass::Read(const Napi::CallbackInfo& info) {
  Bytes out(kMaxPlaintextBytes);
  const auto size = pair_->Read(IsClient(info[0]), ViewOf(info[1]), out);
  return size ? BufferOf(info.Env(), ByteView(out).first(*size)) : info.Env().Undefined();
}

}  // namespace native_dtls
