// RawEcho for JavaScript.
#pragma once

#include "binding/napi-include.h"

namespace native_dtls {

// Undefined where there is none.
Napi::Value RawEchoClass(Napi::Env env);

}  // namespace native_dtls
