// What the native tests and benchmarks export: NativeTestAddon of test/support/native-test-addon.ts.
#include "bench/gate_benchmark.h"
#include "bench/raw_echo_class.h"
#include "bench/record_benchmark.h"
#include "binding/exports.h"
#include "binding/values.h"
#include "core/crypto/error_queue.h"
#include "core/records/protection.h"
#include "test/arguments.h"
#include "test/defences.h"
#include "test/filtered_socket_class.h"
#include "test/handle_table_class.h"
#include "test/heap.h"
#include "test/hello_thinning_class.h"
#include "test/records_class.h"
#include "test/repeated_flight.h"
#include "test/replay_window_class.h"
#include "test/ssl_pair_class.h"

namespace native_dtls {

namespace {

Napi::Value SuiteOf(Napi::Env env, const CipherSuite& suite) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("id", suite.id);
  object.Set("name", std::string(suite.name));
  object.Set("algorithm", static_cast<double>(suite.algorithm));
  object.Set("keyBytes", suite.shape().key_bytes);
  object.Set("fixedIvBytes", suite.shape().fixed_iv_bytes);
  object.Set("explicitNonceBytes", suite.shape().explicit_nonce_bytes);
  object.Set("tagBytes", suite.shape().tag_bytes);
  object.Set("hasRecordForm", suite.shape().has_record_form);
  object.Set("prfIsSha384", suite.prf_is_sha384);
  object.Set("usesPsk", suite.uses_psk);
  return object;
}

Napi::Array Suites(Napi::Env env) {
  Napi::Array suites = Napi::Array::New(env);
  for (uint32_t id = 0; id <= 0xffff; ++id) {
    const CipherSuite* suite = FindCipherSuite(static_cast<uint16_t>(id));
    if (suite != nullptr) suites.Set(suites.Length(), SuiteOf(env, *suite));
  }
  return suites;
}

// protect(options, plaintext): one record with whatever header the test wants.
Napi::Value ProtectOne(const Napi::CallbackInfo& info) {
  static AeadPool pool;
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  const ByteView connection_id = ViewOf(options, "connectionId"), plaintext = ViewOf(info[1]);
  const TrafficKey key(AlgorithmOf(options.Get("algorithm")), ViewOf(options, "key"),
                       ViewOf(options, "fixedIv"), pool.NewKeyId());
  const RecordHeader header{.type = static_cast<ContentType>(NumberOf(options, "type")),
                            .version = kDtls12,
                            .epoch = static_cast<uint16_t>(NumberOf(options, "epoch")),
                            .sequence = static_cast<uint64_t>(NumberOf(options, "sequence"))};
  const size_t size = ProtectedBytes(key, connection_id.size(), plaintext.size());
  GuardedBytes out(size);
  if (!Protect(pool, key, header, connection_id, plaintext, out.data()) || !out.intact()) {
    return Throw(env, "Protect failed");
  }
  return BufferOf(env, out.first(size));
}

// gateCost(rounds, hellos): nanoseconds each.
Napi::Value GateCostOf(const Napi::CallbackInfo& info) {
  const GateCost cost =
      MeasureGate(info[0].As<Napi::Number>().Uint32Value(), info[1].As<Napi::Number>().Uint32Value());
  if (cost.hello == 0) return Throw(info.Env(), "the gate did not answer");
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("hello", cost.hello);
  object.Set("cookie", cost.cookie);
  object.Set("bareHmac", cost.bare_hmac);
  return object;
}

Napi::Value HeapBytes(const Napi::CallbackInfo& info) {
  const auto bytes = HeapBytesInUse();
  return bytes ? Napi::Number::New(info.Env(), static_cast<double>(*bytes)) : info.Env().Undefined();
}

// repeatFlight(identity, mtu)
Napi::Value RepeatFlightOf(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ErrorQueueScope errors;
  const auto flight = RepeatFlight(IdentityOf(info[0]), info[1].As<Napi::Number>().Uint32Value());
  if (!flight) return Throw(env, "OpenSSL does not answer a hello of its own");
  Napi::Object object = Napi::Object::New(env);
  object.Set("refused", flight->refused);
  object.Set("written", BuffersOf(env, flight->written));
  object.Set("repeated", BuffersOf(env, flight->repeated));
  return object;
}

class BenchmarkClass : public Napi::ObjectWrap<BenchmarkClass> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "RecordBenchmark", {InstanceMethod<&BenchmarkClass::Run>("run")});
  }

  explicit BenchmarkClass(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const auto options = info[0].As<Napi::Object>();
    const CipherSuite* suite = FindCipherSuite(static_cast<uint16_t>(NumberOf(options, "suite")));
    if (suite != nullptr) {
      benchmark_ = RecordBenchmark::Create(options.Get("subject").As<Napi::String>().Utf8Value(), *suite,
                                           static_cast<size_t>(NumberOf(options, "bytes")),
                                           static_cast<size_t>(NumberOf(options, "connectionIdBytes")),
                                           static_cast<size_t>(NumberOf(options, "associations")),
                                           options.Get("inRandomOrder").ToBoolean());
    }
    if (!benchmark_) Throw(info.Env(), "no such benchmark");
  }

 private:
  Napi::Value Run(const Napi::CallbackInfo& info) {
    const auto nanoseconds = benchmark_->Run(info[0].As<Napi::Number>().Uint32Value());
    if (!nanoseconds) return Throw(info.Env(), "a record was not sealed or opened");
    return Napi::Number::New(info.Env(), *nanoseconds);
  }

  std::unique_ptr<RecordBenchmark> benchmark_;
};

}  // namespace

}  // namespace native_dtls

Napi::Object InitializeTestAddon(Napi::Env env, Napi::Object exports) {
  using namespace native_dtls;
  exports.Set("suites", Suites(env));
  exports.Set("protect", Napi::Function::New<ProtectOne>(env, "protect"));
  exports.Set("SslPair", SslPairClass::Define(env));
  exports.Set("Records", RecordsClass::Define(env));
  exports.Set("HandleTable", HandleTableClass::Define(env));
  exports.Set("ReplayWindow", ReplayWindowClass::Define(env));
  exports.Set("RecordBenchmark", BenchmarkClass::Define(env));
  exports.Set("RawEcho", RawEchoClass(env));
  exports.Set("FilteredSocket", FilteredSocketClass(env));
  exports.Set("HelloThinning", HelloThinningClass::Define(env));
  exports.Set("gateCost", Napi::Function::New<GateCostOf>(env, "gateCost"));
  exports.Set("library", ExportLibrary(env, Napi::Object::New(env)));
  exports.Set("defences", DefenceNames(env));
  exports.Set("setDefence", Napi::Function::New<SetDefence>(env, "setDefence"));
  exports.Set("repeatFlight", Napi::Function::New<RepeatFlightOf>(env, "repeatFlight"));
  exports.Set("heapBytes", Napi::Function::New<HeapBytes>(env, "heapBytes"));
  exports.Set("opensslVersion", Napi::String::New(env, OpenSSL_version(OPENSSL_VERSION)));
  return exports;
}

NODE_API_MODULE(native_dtls_test, InitializeTestAddon)
