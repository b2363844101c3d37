// NativeEndpoint of lib/native-seam.ts.
#pragma once

#include <memory>

#include "binding/wrapped.h"
#include "core/endpoint/endpoint.h"

namespace native_dtls {

class EndpointClass : public Wrapped<EndpointClass> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit EndpointClass(const Napi::CallbackInfo& info);

 private:
  Napi::Value State(const Napi::CallbackInfo& info);
  void Listen(const Napi::CallbackInfo& info);
  void Reconfigure(const Napi::CallbackInfo& info);
  Napi::Value StopListening(const Napi::CallbackInfo& info);
  Napi::Value SupplyConnectionId(const Napi::CallbackInfo& info);
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value Start(const Napi::CallbackInfo& info);
  Napi::Value Receive(const Napi::CallbackInfo& info);
  Napi::Value HandleTimeout(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value PeerGone(const Napi::CallbackInfo& info);
  Napi::Value Shutdown(const Napi::CallbackInfo& info);
  Napi::Value Abort(const Napi::CallbackInfo& info);
  Napi::Value AnswerHello(const Napi::CallbackInfo& info);
  Napi::Value RefuseHello(const Napi::CallbackInfo& info);
  Napi::Value AnswerPsk(const Napi::CallbackInfo& info);
  Napi::Value AnswerCertificate(const Napi::CallbackInfo& info);
  Napi::Value Export(const Napi::CallbackInfo& info);
  Napi::Value Import(const Napi::CallbackInfo& info);
  Napi::Value Established(const Napi::CallbackInfo& info);
  void AnswerAddress(const Napi::CallbackInfo& info);
  Napi::Value Info(const Napi::CallbackInfo& info);
  Napi::Value ClientSession(const Napi::CallbackInfo& info);
  Napi::Value KeyingMaterial(const Napi::CallbackInfo& info);
  Napi::Value TicketKeys(const Napi::CallbackInfo& info);
  Napi::Value SetTicketKeys(const Napi::CallbackInfo& info);
  Napi::Value MaxMessageSize(const Napi::CallbackInfo& info);
  Napi::Value Traffic(const Napi::CallbackInfo& info);
  Napi::Value Peer(const Napi::CallbackInfo& info);
  Napi::Value Candidate(const Napi::CallbackInfo& info);

  // The association that the only argument names; null for none, or with an exception pending.
  const Association* Named(const Napi::CallbackInfo& info);
  // Publishes the deadline and hands out what the last call has produced.
  Napi::Value Finish(Napi::Env env);

  // Shared with JavaScript: the deadline, then the counters. The reference keeps the memory.
  Napi::Reference<Napi::Float64Array> state_;
  double* deadline_;
  std::unique_ptr<Endpoint> endpoint_;
};

}  // namespace native_dtls
