#include "test/records_class.h"

#include "test/arguments.h"

namespace native_dtls {

namespace {

// All share it, as the associations of an endpoint do.
AeadPool& Pool() {
  static AeadPool pool;
  return pool;
}

TrafficKey KeyOf(AeadAlgorithm algorithm, Napi::Value value) {
  const auto key = value.As<Napi::Object>();
  return TrafficKey(algorithm, ViewOf(key, "key"), ViewOf(key, "fixedIv"), Pool().NewKeyId());
}

Napi::Value NameOf(Napi::Env env, Counter counter) {
  return Napi::String::New(env, kCounterNames[static_cast<size_t>(counter)]);
}

}  // namespace

Napi::Function RecordsClass::Define(Napi::Env env) {
  return DefineClass(env, "Records",
                     {
                         InstanceMethod<&RecordsClass::Seal>("seal"),
                         InstanceMethod<&RecordsClass::Open>("open"),
                         InstanceAccessor<&RecordsClass::SealingLimitReached>("sealingLimitReached"),
                         InstanceAccessor<&RecordsClass::ForgeryLimitReached>("forgeryLimitReached"),
                     });
}

RecordsClass::RecordsClass(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const auto options = info[0].As<Napi::Object>();
  const AeadAlgorithm algorithm = AlgorithmOf(options.Get("algorithm"));
  const ConnectionIds ids{.own = CopyOf(ViewOf(options, "ownId")), .peer = CopyOf(ViewOf(options, "peerId"))};
  records_.emplace(KeyOf(algorithm, options.Get("write")), KeyOf(algorithm, options.Get("read")), ids,
                   &Pool());
  Records::Saved saved = records_->Save();
  const auto set = [&](const char* name, uint64_t& value) {
    if (options.Has(name)) value = static_cast<uint64_t>(NumberOf(options, name));
  };
  set("nextWrite", saved.next_write);
  set("sealed", saved.use.sealed);
  set("forged", saved.use.forged);
  records_->Restore(saved);
}

Napi::Value RecordsClass::Seal(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ByteView plaintext = ViewOf(info[1]);
  const size_t size = records_->SealedBytes(plaintext.size());
  GuardedBytes out(size);
  const auto type = static_cast<ContentType>(info[0].As<Napi::Number>().Uint32Value());
  if (!records_->Seal(type, plaintext, out.data())) return env.Undefined();
  return out.intact() ? BufferOf(env, out.first(size)) : Throw(env, "Seal wrote behind its record");
}

Napi::Value RecordsClass::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ByteView datagram = ViewOf(info[0]);
  const auto record = TakeRecord(datagram, records_->own_connection_id().size());
  if (!record) return NameOf(env, Counter::kDroppedMalformed);
  if (const auto reason = records_->Refuse(*record)) return NameOf(env, *reason);
  GuardedBytes room(record->body.size());
  const auto opened = records_->Open(*record, room.data());
  if (!room.intact()) return Throw(env, "Open wrote behind its room");
  if (const auto* reason = std::get_if<Counter>(&opened)) {
    // What an opening without a verified tag has left behind, if anything.
    const bool refused = *reason == Counter::kDroppedForged;
    if (refused && !room.untouched_or_wiped()) return Throw(env, "a forged record can be read");
    return NameOf(env, *reason);
  }
  const auto& message = std::get<Records::Message>(opened);
  Napi::Object object = Napi::Object::New(env);
  object.Set("type", static_cast<double>(message.type));
  object.Set("plaintext", BufferOf(env, message.plaintext));
  object.Set("newest", message.newest);
  return object;
}

Napi::Value RecordsClass::SealingLimitReached(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), records_->sealing_limit_reached());
}

Napi::Value RecordsClass::ForgeryLimitReached(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), records_->forgery_limit_reached());
}

}  // namespace native_dtls
