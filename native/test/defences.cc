#include "test/defences.h"

#include <string>

#include "core/base/defence.h"
#include "test/arguments.h"

namespace native_dtls {

namespace {

struct NamedDefence {
  Defence defence;
  const char* name;
  bool stands = true;
};

// Tests that take one away run on one thread.
NamedDefence defences[] = {
    {Defence::kEarlyRecordsHeld, "earlyRecordsHeld"},
    {Defence::kRecordsVerifiedFirst, "recordsVerifiedFirst"},
    {Defence::kWritesNeverRefused, "writesNeverRefused"},
    {Defence::kAnnouncedLengthsBounded, "announcedLengthsBounded"},
};

}  // namespace

bool Stands(Defence defence) { return std::ranges::find(defences, defence, &NamedDefence::defence)->stands; }

Napi::Array DefenceNames(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env);
  for (const NamedDefence& each : defences) names.Set(names.Length(), std::string(each.name));
  return names;
}

Napi::Value SetDefence(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  auto* const found = std::ranges::find(defences, name, &NamedDefence::name);
  if (found == std::end(defences)) return Throw(info.Env(), "no such defence");
  found->stands = info[1].ToBoolean();
  return info.Env().Undefined();
}

}  // namespace native_dtls
