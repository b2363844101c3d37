// The kernel's verdict on datagrams, by the filter for hellos, for TypeScript: see
// test/support/native-test-addon.ts.
#pragma once

#include "binding/napi-include.h"

namespace native_dtls {

// Undefined where there is no Linux.
Napi::Value FilteredSocketClass(Napi::Env env);

}  // namespace native_dtls
