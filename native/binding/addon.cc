// Where Node finds the addon.
#include "binding/exports.h"

Napi::Object InitializeAddon(Napi::Env env, Napi::Object exports) {
  return native_dtls::ExportLibrary(env, exports);
}

NODE_API_MODULE(native_dtls, InitializeAddon)
