#include "binding/context-class.h"

#include "binding/values.h"

namespace native_dtls {

namespace {

std::vector<ByteView> ListOfBytes(Napi::Value value) {
  std::vector<ByteView> list;
  if (!value.IsArray()) return list;
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) list.push_back(BytesOf(array.Get(i)));
  return list;
}

ContextOptions OptionsOf(Napi::Object object) {
  ContextOptions options;
  const auto certificates = ListOfBytes(object.Get("certificates"));
  const auto keys = ListOfBytes(object.Get("keys"));
  const auto passphrases = ListOfBytes(object.Get("passphrases"));
  for (size_t i = 0; i < certificates.size(); ++i) {
    options.identities.push_back(
        {.certificates = CopyOf(certificates[i]),
         .key = Secret(i < keys.size() ? keys[i] : ByteView()),
         .passphrase = Secret(i < passphrases.size() ? passphrases[i] : ByteView())});
  }
  for (ByteView pem : ListOfBytes(object.Get("authorities"))) options.authorities.push_back(CopyOf(pem));
  options.name_authorities = object.Get("nameAuthorities").ToBoolean();
  options.ciphers = object.Get("ciphers").ToString().Utf8Value();
  options.honor_cipher_order = object.Get("honorCipherOrder").ToBoolean();
  return options;
}

}  // namespace

Napi::Function ContextClass::Define(Napi::Env env) {
  return DefineClass(env, "Context", {InstanceAccessor<&ContextClass::Ciphers>("ciphers")});
}

ContextClass::ContextClass(const Napi::CallbackInfo& info) : Wrapped(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) {
    ThrowBadArgument(env, "an object of options");
    return;
  }
  auto created = Context::Create(OptionsOf(info[0].As<Napi::Object>()));
  if (auto* context = std::get_if<std::shared_ptr<const Context>>(&created)) {
    context_ = std::move(*context);
    return;
  }
  const auto& error = std::get<ContextError>(created);
  const Napi::Error thrown = Napi::Error::New(env, "the configuration was refused");
  thrown.Set("kind", Napi::Number::New(env, static_cast<uint32_t>(error.kind)));
  thrown.Set("subject", Napi::String::New(env, error.subject));
  thrown.Set("opensslErrors", StringsOf(env, error.openssl_errors));
  thrown.ThrowAsJavaScriptException();
}

Napi::Value ContextClass::Ciphers(const Napi::CallbackInfo& info) {
  return context_ ? StringsOf(info.Env(), context_->ciphers()) : Napi::Array::New(info.Env());
}

}  // namespace native_dtls
