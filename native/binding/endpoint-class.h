// NativeEndpoint of lib/native-seam.ts.
#pragma once

#include <memory>

#include "binding/endpoint-socket.h"
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
  Napi::Value SendQueued(const Napi::CallbackInfo& info);
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
  Napi::Value Remains(const Napi::CallbackInfo& info);
  Napi::Value Peer(const Napi::CallbackInfo& info);
  Napi::Value PeerAddress(const Napi::CallbackInfo& info);
  Napi::Value PeerPort(const Napi::CallbackInfo& info);
  Napi::Value Candidate(const Napi::CallbackInfo& info);

  // The association that the only argument names; null for none, or with an exception pending.
  const Association* Named(const Napi::CallbackInfo& info);
  Napi::Value OpenSocket(const Napi::CallbackInfo& info);
  Napi::Value Flush(const Napi::CallbackInfo& info);
  Napi::Value TakeRefusals(const Napi::CallbackInfo& info);
  Napi::Value SocketAddress(const Napi::CallbackInfo& info);
  void RefSocket(const Napi::CallbackInfo& info);
  void CloseSocket(const Napi::CallbackInfo& info);
  Napi::Value Relocate(const Napi::CallbackInfo& info);

  Napi::Value Batch(Napi::Env env);
  // Publishes how far the socket's queue has come.
  void PublishQueue();
  void NoteFlush();

  // Publishes the deadline and hands out what the last call has produced.
  Napi::Value Finish(Napi::Env env);

  static constexpr size_t kQueueStateSize = 3;

  // Shared with JavaScript: the deadline, then the counters. The reference keeps the memory.
  Napi::Reference<Napi::Float64Array> state_;
  double* deadline_;
  // Behind the counters: datagrams queued, those that have left the queue, bytes in it.
  double* queue_state_;
  std::unique_ptr<Endpoint> endpoint_;
  // An endpoint without one is brought its datagrams by JavaScript.
  std::unique_ptr<EndpointSocket> socket_;
  // What an ICMP message has told, and JavaScript does not know yet.
  int flush_error_ = 0;
};

}  // namespace native_dtls
