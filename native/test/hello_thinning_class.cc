#include "test/hello_thinning_class.h"

#include "test/arguments.h"

namespace native_dtls {

namespace {

HelloThinning::Load LoadOf(const Napi::CallbackInfo& info) {
  const auto options = info[0].As<Napi::Object>();
  return {.hellos = static_cast<uint64_t>(NumberOf(options, "hellos")),
          .others = static_cast<uint64_t>(NumberOf(options, "others")),
          .fill = NumberOf(options, "fill"),
          .drained = options.Get("drained").ToBoolean()};
}

}  // namespace

Napi::Function HelloThinningClass::Define(Napi::Env env) {
  constexpr auto kPeriodMs = std::chrono::duration<double, std::milli>(HelloThinning::kPeriod);
  return DefineClass(env, "HelloThinning",
                     {
                         InstanceMethod<&HelloThinningClass::IsNeeded>("isNeeded"),
                         InstanceMethod<&HelloThinningClass::On>("on"),
                         InstanceMethod<&HelloThinningClass::Begin>("begin"),
                         InstanceMethod<&HelloThinningClass::Look>("look"),
                         InstanceMethod<&HelloThinningClass::ShareAt>("shareAt"),
                         StaticValue("periodMs", Napi::Number::New(env, kPeriodMs.count())),
                         StaticValue("circle", Napi::Number::New(env, HelloThinning::kCircle)),
                         StaticValue("least", Napi::Number::New(env, HelloThinning::kLeast)),
                     });
}

Napi::Value HelloThinningClass::IsNeeded(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), HelloThinning::IsNeeded(LoadOf(info)));
}

Napi::Value HelloThinningClass::On(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), thinning_.on());
}

void HelloThinningClass::Begin(const Napi::CallbackInfo&) { thinning_.Begin(); }

void HelloThinningClass::Look(const Napi::CallbackInfo& info) { thinning_.Look(LoadOf(info)); }

// shareAt(milliseconds)
Napi::Value HelloThinningClass::ShareAt(const Napi::CallbackInfo& info) {
  const auto milliseconds =
      std::chrono::duration<double, std::milli>(info[0].As<Napi::Number>().DoubleValue());
  const auto share = thinning_.ShareAt(TimePoint(std::chrono::duration_cast<Duration>(milliseconds)));
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("first", share.first);
  object.Set("width", share.width);
  object.Set("chance", share.chance);
  return object;
}

}  // namespace native_dtls
