// JavaScript values to the core's and back, for tests: whoever calls these functions is a test of our own.
#pragma once

#include "binding/napi-include.h"
#include "core/crypto/cipher_suite.h"
#include "core/wire/record.h"

namespace native_dtls {

inline ByteView ViewOf(Napi::Value value) {
  if (!value.IsTypedArray()) return {};
  const auto bytes = value.As<Napi::Uint8Array>();
  return {bytes.Data(), bytes.ByteLength()};
}

inline ByteView ViewOf(Napi::Object object, const char* name) { return ViewOf(object.Get(name)); }

inline double NumberOf(Napi::Object object, const char* name) {
  return object.Get(name).As<Napi::Number>().DoubleValue();
}

inline AeadAlgorithm AlgorithmOf(Napi::Value value) {
  return static_cast<AeadAlgorithm>(value.As<Napi::Number>().Uint32Value() % kAeadAlgorithms);
}

inline Napi::Value BufferOf(Napi::Env env, ByteView bytes) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

// The addon is built with Node-API's exceptions off: the caller returns what this returns.
inline Napi::Value Throw(Napi::Env env, const char* text) {
  Napi::Error::New(env, text).ThrowAsJavaScriptException();
  return env.Undefined();
}

// Room for exactly so many bytes; says whether anything was written behind them.
class GuardedBytes {
 public:
  explicit GuardedBytes(size_t size) : bytes_(size + kGuard, kPattern), size_(size) {}
  uint8_t* data() { return bytes_.data(); }
  ByteView first(size_t size) const { return ByteView(bytes_).first(size); }
  // No byte holds anything but what it held at first, or zero.
  bool untouched_or_wiped() const {
    return std::all_of(bytes_.begin(), bytes_.end(),
                       [](uint8_t byte) { return byte == kPattern || byte == 0; });
  }
  bool intact() const {
    return std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(size_), bytes_.end(),
                       [](uint8_t byte) { return byte == kPattern; });
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr uint8_t kPattern = 0xa5;

  Bytes bytes_;
  size_t size_;
};

}  // namespace native_dtls
