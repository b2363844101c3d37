// What JavaScript passes, as lib/native-seam.ts has it. Nothing is converted, for that would be JavaScript
// that runs in the midst of a call: what is not of its type is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "binding/napi-include.h"
#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/handle.h"
#include "core/base/path.h"
#include "core/crypto/secret.h"
#include "core/endpoint/saved_association.h"

namespace native_dtls {

// The first of the values of a call that is not what it should be.
class Refusal {
 public:
  explicit Refusal(Napi::Env env) : env_(env) {}

  void Note(const std::string& where, const char* expected) {
    if (text_.empty()) text_ = where + ": expected " + expected;
  }
  // Reading the value has thrown: the exception is pending.
  void NoteThrown() { thrown_ = true; }
  // Whether there was anything. An exception is pending then, and the caller returns at once.
  bool Throw();

 private:
  Napi::Env env_;
  std::string text_;
  bool thrown_ = false;
};

// Reads an object of options. Getters of the user's may run meanwhile; so bytes are copied.
class OptionObject {
 public:
  OptionObject(Napi::Value object, const std::string& where, Refusal* refusal);

  // Undefined is false.
  bool Flag(const char* name);
  double Number(const char* name, double least, double most);
  // In milliseconds.
  Duration Time(const char* name, double least_ms);
  std::string Text(const char* name);
  Bytes Data(const char* name);
  Secret SecretData(const char* name);
  std::vector<Bytes> ListOfData(const char* name);
  std::vector<Secret> ListOfSecrets(const char* name);
  void Refuse(const char* name, const char* expected) { refusal_->Note(name, expected); }

 private:
  Napi::Value Get(const char* name);
  template <typename T>
  std::vector<T> ListOf(const char* name);

  // Null when it is no object.
  napi_value object_ = nullptr;
  Napi::Env env_;
  Refusal* refusal_;
};

// Reads arguments by place. Options come first: what their getters do to the memory of others is done then.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info), refusal_(info.Env()) {}

  TimePoint Time(size_t place);
  WallTime Wall(size_t place);
  Handle Name(size_t place);
  std::vector<Handle> Names(size_t place);
  bool Flag(size_t place);
  uint32_t Count(size_t place, uint32_t most);
  std::string Text(size_t place);
  Role RoleName(size_t place);
  Napi::FunctionReference Function(size_t place);
  // Where they are: good until JavaScript runs again.
  ByteView Data(size_t place);
  ByteView DataOf(size_t place, size_t size, const char* expected);
  std::optional<ByteView> OptionalData(size_t place);
  std::vector<ByteView> ListOfData(size_t place);
  // Nothing when the text is no address.
  std::optional<Path> Address(size_t address, size_t port);
  template <typename T>
  const T* Object(size_t place, const char* expected) {
    const T* object = T::From(info_[place]);
    if (object == nullptr) Refuse(place, expected);
    return object;
  }
  // Null for undefined.
  template <typename T>
  const T* OptionalObject(size_t place, const char* expected) {
    return info_[place].IsUndefined() ? nullptr : Object<T>(place, expected);
  }
  OptionObject Options(size_t place) { return {info_[place], Where(place), &refusal_}; }

  void Refuse(size_t place, const char* expected) { refusal_.Note(Where(place), expected); }
  // As Refusal::Throw.
  bool Refused() { return refusal_.Throw(); }

 private:
  static std::string Where(size_t place) { return "argument " + std::to_string(place + 1); }
  template <typename T, typename Convert>
  std::vector<T> ListOf(size_t place, const char* expected, Convert convert);

  const Napi::CallbackInfo& info_;
  Refusal refusal_;
};

// Milliseconds on the caller's clock.
double MillisecondsOf(TimePoint time);

}  // namespace native_dtls
