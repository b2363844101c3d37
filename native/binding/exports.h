// What the addon exports: NativeAddon of lib/native-seam.ts.
#pragma once

#include "binding/napi-include.h"

namespace native_dtls {

// Fills `exports`; throws, and leaves it as it is, on another OpenSSL than the library can use.
Napi::Object ExportLibrary(Napi::Env env, Napi::Object exports);

}  // namespace native_dtls
