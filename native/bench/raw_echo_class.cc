#include "bench/raw_echo_class.h"

#ifdef __linux__
#include "bench/raw_bulk.h"
#include "test/arguments.h"
#endif

namespace native_dtls {

#ifdef __linux__

namespace {

// new RawEcho({ receiveBufferBytes, identity, key }) or new RawEcho({ receiveBufferBytes, cert, privateKey,
// ca }); with bulkBytes a sender of messages of so many bytes instead of an echo.
class RawEchoObject : public Napi::ObjectWrap<RawEchoObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "RawEcho",
                       {InstanceAccessor<&RawEchoObject::Port>("port"),
                        InstanceMethod<&RawEchoObject::RunUntilClosed>("runUntilClosed")});
  }

  explicit RawEchoObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const auto options = info[0].As<Napi::Object>();
    RawCredentials credentials;
    credentials.key = CopyOf(ViewOf(options, "key"));
    if (!credentials.key.empty()) credentials.identity = options.Get("identity").As<Napi::String>();
    credentials.certificate = CopyOf(ViewOf(options, "cert"));
    credentials.private_key = CopyOf(ViewOf(options, "privateKey"));
    credentials.client_authority = CopyOf(ViewOf(options, "ca"));
    RawEcho::Options settings{
        .credentials = std::move(credentials),
        .receive_buffer_bytes = static_cast<int>(NumberOf(options, "receiveBufferBytes"))};
    if (options.Has("bulkBytes")) {
      echo_ = RawBulk::Listen(std::move(settings), static_cast<size_t>(NumberOf(options, "bulkBytes")));
    } else {
      echo_ = RawEcho::Listen(std::move(settings));
    }
    if (!echo_) Throw(info.Env(), "the raw loop cannot listen");
  }

 private:
  Napi::Value Port(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), echo_->port()); }

  Napi::Value RunUntilClosed(const Napi::CallbackInfo& info) {
    echo_->RunUntilClosed(info[0].As<Napi::Number>().Int32Value());
    return info.Env().Undefined();
  }

  std::unique_ptr<RawEcho> echo_;
};

}  // namespace

Napi::Value RawEchoClass(Napi::Env env) { return RawEchoObject::Define(env); }

#else

Napi::Value RawEchoClass(Napi::Env env) { return env.Undefined(); }

#endif

}  // namespace native_dtls
