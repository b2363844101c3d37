// What JavaScript keeps of an association that has ended.
#pragma once

#include "binding/napi-include.h"
#include "core/endpoint/association.h"

namespace native_dtls {

// Flat, as lib/native-seam.ts has it: most are never looked at, and objects with names cost several times as
// much. Undefined for an association that was never established.
Napi::Value RemainsOf(Napi::Env env, const Association& association);

// Of the suite with the id that stands in there: OpenSSL's name, and IANA's.
Napi::Value CipherSuiteNames(const Napi::CallbackInfo& info);

}  // namespace native_dtls
