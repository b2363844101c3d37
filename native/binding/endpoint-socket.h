// The UDP socket of an endpoint's own: calls JavaScript when a batch has come, and ends with its environment.
#pragma once

#include <memory>

#include "binding/arguments.h"
#include "io/udp_driver.h"

namespace native_dtls {

class EndpointSocket : private UdpDriver::Host {
 public:
  // What JavaScript is told by; the functions throw nothing (lib/native-transport.ts).
  struct Listener {
    Napi::FunctionReference received, drained, failed, died;
  };
  // Makes the batch of what lies in the endpoint's outbox.
  using BatchMaker = std::function<Napi::Value(Napi::Env)>;

  // `endpoint` and what the functions need must outlive the object. `due`: when JavaScript will look after
  // the endpoint by itself.
  EndpointSocket(Napi::Env env, Endpoint* endpoint, const double* due, BatchMaker make_batch,
                 Listener listener, TimePoint now, bool portable);
  // Closes it.
  ~EndpointSocket() override;
  EndpointSocket(const EndpointSocket&) = delete;
  EndpointSocket& operator=(const EndpointSocket&) = delete;

  // As those of UdpDriver.
  void TakeDatagrams() { lifeline_->driver.TakeDatagrams(); }
  int Flush() { return lifeline_->driver.Flush(); }
  UdpSocket& socket() { return lifeline_->driver.socket(); }

 private:
  // Outlives this object: libuv gives a handle back later, and the environment waits for that.
  struct Lifeline : std::enable_shared_from_this<Lifeline> {
    Lifeline(Napi::Env env, Endpoint* endpoint, UdpDriver::Host* host, TimePoint now, bool portable);

    const Napi::Env env;
    UdpDriver driver;
    // In which JavaScript is called.
    napi_async_context context = nullptr;
    napi_async_cleanup_hook_handle hook = nullptr;
    bool closing = false;

    void Close();
  };

  void OnBatch() override;
  void OnDrained() override;
  void OnError(int error) override;
  void OnDead(int error) override;
  void Call(const Napi::FunctionReference& function, napi_value argument);

  Napi::Env env_;
  Endpoint* const endpoint_;
  const double* const due_;
  BatchMaker make_batch_;
  Listener listener_;
  std::shared_ptr<Lifeline> lifeline_;
};

}  // namespace native_dtls
