#include "binding/arguments.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "binding/address.h"

namespace native_dtls {

namespace {

// A few centuries: sums of what callers give stay far from the end of the clock's type.
constexpr double kMaxMilliseconds = 1e13;

// What JavaScript can say exactly; the difference of two such fits as well.
constexpr double kMaxWallMilliseconds = 9007199254740991;

constexpr char kTime[] = "a time in milliseconds";
constexpr char kFlag[] = "true or false";
constexpr char kUint8Array[] = "a Uint8Array";

std::optional<double> NumberOf(Napi::Value value, double least, double most) {
  double number = 0;
  if (napi_get_value_double(value.Env(), value, &number) != napi_ok) return std::nullopt;
  // Written so that NaN is not in between.
  return number >= least && number <= most ? std::optional(number) : std::nullopt;
}

std::optional<double> IntegerOf(Napi::Value value, double least, double most) {
  const auto number = NumberOf(value, least, most);
  return number && std::trunc(*number) == *number ? number : std::nullopt;
}

std::optional<Handle> HandleOf(Napi::Value value) {
  const auto number = IntegerOf(value, 0, std::numeric_limits<Handle>::max());
  return number ? std::optional(static_cast<Handle>(*number)) : std::nullopt;
}

std::optional<ByteView> BytesOf(Napi::Value value) {
  napi_typedarray_type type;
  size_t size = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(value.Env(), value, &type, &size, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) return std::nullopt;
  return ByteView(static_cast<const uint8_t*>(data), size);
}

// Undefined is false.
std::optional<bool> FlagOf(Napi::Value value) {
  bool flag = false;
  const bool is_flag = napi_get_value_bool(value.Env(), value, &flag) == napi_ok;
  return is_flag || value.IsUndefined() ? std::optional(flag) : std::nullopt;
}

Duration DurationOf(double milliseconds) { return Duration(std::llround(milliseconds * 1000)); }

}  // namespace

bool Refusal::Throw() {
  if (!thrown_ && !text_.empty()) Napi::TypeError::New(env_, text_).ThrowAsJavaScriptException();
  return thrown_ || !text_.empty();
}

OptionObject::OptionObject(Napi::Value object, const std::string& where, Refusal* refusal)
    : env_(object.Env()), refusal_(refusal) {
  if (object.IsObject()) {
    object_ = object;
  } else {
    refusal->Note(where, "an object of options");
  }
}

// Undefined as well when it cannot be read.
Napi::Value OptionObject::Get(const char* name) {
  napi_value value = nullptr;
  if (object_ == nullptr) return env_.Undefined();
  if (napi_get_named_property(env_, object_, name, &value) == napi_ok) return {env_, value};
  refusal_->NoteThrown();
  object_ = nullptr;
  return env_.Undefined();
}

bool OptionObject::Flag(const char* name) {
  const auto flag = FlagOf(Get(name));
  if (!flag) Refuse(name, kFlag);
  return flag.value_or(false);
}

double OptionObject::Number(const char* name, double least, double most) {
  const auto number = IntegerOf(Get(name), least, most);
  if (!number) Refuse(name, "an integer in its range");
  return number.value_or(least);
}

Duration OptionObject::Time(const char* name, double least_ms) {
  const auto milliseconds = NumberOf(Get(name), least_ms, kMaxMilliseconds);
  if (!milliseconds) Refuse(name, kTime);
  return DurationOf(milliseconds.value_or(least_ms));
}

std::string OptionObject::Text(const char* name) {
  const Napi::Value value = Get(name);
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  Refuse(name, "a string");
  return {};
}

Bytes OptionObject::Data(const char* name) {
  const auto bytes = BytesOf(Get(name));
  if (!bytes) Refuse(name, kUint8Array);
  return CopyOf(bytes.value_or(ByteView()));
}

Secret OptionObject::SecretData(const char* name) {
  const auto bytes = BytesOf(Get(name));
  if (!bytes) Refuse(name, kUint8Array);
  return Secret(bytes.value_or(ByteView()));
}

std::vector<Bytes> OptionObject::ListOfData(const char* name) { return ListOf<Bytes>(name); }

std::vector<Secret> OptionObject::ListOfSecrets(const char* name) { return ListOf<Secret>(name); }

template <typename T>
std::vector<T> OptionObject::ListOf(const char* name) {
  const Napi::Value array = Get(name);
  std::vector<T> list;
  uint32_t length = 0;
  if (napi_get_array_length(env_, array, &length) != napi_ok) Refuse(name, "an array");
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    if (napi_get_element(env_, array, i, &element) != napi_ok) {
      refusal_->NoteThrown();
      break;
    }
    const auto bytes = BytesOf({env_, element});
    if (!bytes) {
      Refuse(name, "an array of Uint8Arrays");
      break;
    }
    if constexpr (std::is_same_v<T, Secret>) {
      list.emplace_back(*bytes);
    } else {
      list.push_back(CopyOf(*bytes));
    }
  }
  return list;
}

TimePoint Arguments::Time(size_t place) {
  const auto milliseconds = NumberOf(info_[place], -kMaxMilliseconds, kMaxMilliseconds);
  if (!milliseconds) Refuse(place, kTime);
  // Rounded: a deadline that was handed out must come back as the same microsecond.
  return TimePoint(DurationOf(milliseconds.value_or(0)));
}

WallTime Arguments::Wall(size_t place) {
  const auto milliseconds = NumberOf(info_[place], -kMaxWallMilliseconds, kMaxWallMilliseconds);
  if (!milliseconds) Refuse(place, kTime);
  return WallTime(std::llround(milliseconds.value_or(0)));
}

Handle Arguments::Name(size_t place) {
  const auto handle = HandleOf(info_[place]);
  if (!handle) Refuse(place, "a handle");
  return handle.value_or(kNoHandle);
}

std::vector<Handle> Arguments::Names(size_t place) {
  return ListOf<Handle>(place, "an array of handles", HandleOf);
}

bool Arguments::Flag(size_t place) {
  const auto flag = FlagOf(info_[place]);
  if (!flag) Refuse(place, kFlag);
  return flag.value_or(false);
}

uint32_t Arguments::Count(size_t place, uint32_t most) {
  const auto number = IntegerOf(info_[place], 0, most);
  if (!number) Refuse(place, "a number in its range");
  return static_cast<uint32_t>(number.value_or(0));
}

std::string Arguments::Text(size_t place) {
  const Napi::Value value = info_[place];
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  Refuse(place, "a string");
  return {};
}

Role Arguments::RoleName(size_t place) {
  const std::string name = Text(place);
  if (name != "client" && name != "server") Refuse(place, "'client' or 'server'");
  return name == "server" ? Role::kServer : Role::kClient;
}

Napi::FunctionReference Arguments::Function(size_t place) {
  const Napi::Value value = info_[place];
  if (value.IsFunction()) return Napi::Persistent(value.As<Napi::Function>());
  Refuse(place, "a function");
  return {};
}

ByteView Arguments::Data(size_t place) {
  const auto bytes = BytesOf(info_[place]);
  if (!bytes) Refuse(place, kUint8Array);
  return bytes.value_or(ByteView());
}

ByteView Arguments::DataOf(size_t place, size_t size, const char* expected) {
  const auto bytes = BytesOf(info_[place]);
  if (!bytes || bytes->size() != size) Refuse(place, expected);
  return bytes.value_or(ByteView());
}

std::optional<ByteView> Arguments::OptionalData(size_t place) {
  return info_[place].IsUndefined() ? std::nullopt : std::optional(Data(place));
}

std::vector<ByteView> Arguments::ListOfData(size_t place) {
  return ListOf<ByteView>(place, "an array of Uint8Arrays", BytesOf);
}

std::optional<Path> Arguments::Address(size_t address, size_t port) {
  const std::string text = Text(address);
  return ParseAddress(text, Count(port, std::numeric_limits<uint16_t>::max()));
}

// All elements are read before any is looked at: a getter among them may change the others.
template <typename T, typename Convert>
std::vector<T> Arguments::ListOf(size_t place, const char* expected, Convert convert) {
  const Napi::Env env = info_.Env();
  uint32_t length = 0;
  if (napi_get_array_length(env, info_[place], &length) != napi_ok) Refuse(place, expected);
  std::vector<napi_value> elements;
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    if (napi_get_element(env, info_[place], i, &element) != napi_ok) {
      refusal_.NoteThrown();
      return {};
    }
    if (!convert({env, element})) {
      Refuse(place, expected);
      return {};
    }
    elements.push_back(element);
  }
  std::vector<T> list;
  for (const napi_value element : elements) {
    if (const auto converted = convert({env, element})) list.push_back(*converted);
  }
  return list;
}

double MillisecondsOf(TimePoint time) {
  if (time == kNever) return std::numeric_limits<double>::infinity();
  return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

}  // namespace native_dtls
