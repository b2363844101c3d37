// Which of the core's defences stand (core/base/defence.h), here where they can fall.
#pragma once

#include "binding/napi-include.h"

namespace native_dtls {

// Names of the defences, for setDefence.
Napi::Array DefenceNames(Napi::Env env);

// setDefence(name, stands): for all of this process, until the next time.
Napi::Value SetDefence(const Napi::CallbackInfo& info);

}  // namespace native_dtls
