#include "binding/context-class.h"

#include "binding/options.h"
#include "binding/values.h"

namespace native_dtls {

Napi::Function ContextClass::Define(Napi::Env env) {
  return DefineClass(env, "Context", {Getter<&ContextClass::Ciphers>("ciphers")});
}

ContextClass::ContextClass(const Napi::CallbackInfo& info) : Wrapped(info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  const ContextOptions options = ContextOptionsOf(arguments.Options(0));
  if (arguments.Refused()) return;
  auto created = Context::Create(options);
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
