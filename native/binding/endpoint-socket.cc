#include "binding/endpoint-socket.h"

namespace native_dtls {

namespace {

uv_loop_t* LoopOf(Napi::Env env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  return loop;
}

}  // namespace

EndpointSocket::Lifeline::Lifeline(Napi::Env own_env, Endpoint* endpoint, UdpDriver::Host* host,
                                   TimePoint now, bool portable)
    : env(own_env), driver(LoopOf(own_env), endpoint, host, now, portable) {
  napi_async_init(env, nullptr, Napi::String::New(env, "NATIVE_DTLS_UDP"), &context);
  // A worker that ends must have its handles back before its loop is closed.
  const auto end = [](napi_async_cleanup_hook_handle, void* data) { static_cast<Lifeline*>(data)->Close(); };
  napi_add_async_cleanup_hook(env, end, this, &hook);
}

void EndpointSocket::Lifeline::Close() {
  if (std::exchange(closing, true)) return;
  const auto closed = [](void* data) {
    const std::unique_ptr<std::shared_ptr<Lifeline>> self(static_cast<std::shared_ptr<Lifeline>*>(data));
    napi_async_destroy((*self)->env, (*self)->context);
    napi_remove_async_cleanup_hook((*self)->hook);
  };
  driver.Close(closed, new std::shared_ptr<Lifeline>(shared_from_this()));
}

EndpointSocket::EndpointSocket(Napi::Env env, Endpoint* endpoint, const double* due, BatchMaker make_batch,
                               Listener listener, TimePoint now, bool portable)
    : env_(env),
      endpoint_(endpoint),
      due_(due),
      make_batch_(std::move(make_batch)),
      listener_(std::move(listener)),
      lifeline_(new Lifeline(env, endpoint, this, now, portable)) {}

EndpointSocket::~EndpointSocket() { lifeline_->Close(); }

// Nothing is said of datagrams of which nothing came, as of a stranger's hello.
void EndpointSocket::OnBatch() {
  const Outbox& outbox = endpoint_->outbox();
  if (outbox.event_count() == 0 && outbox.messages().empty() &&
      MillisecondsOf(endpoint_->deadline()) >= *due_)
    return;
  const Napi::HandleScope scope(env_);
  const Napi::Value batch = make_batch_(env_);
  Call(listener_.received, batch);
}

void EndpointSocket::OnDrained() {
  const Napi::HandleScope scope(env_);
  Call(listener_.drained, env_.Undefined());
}

void EndpointSocket::OnError(int error) {
  const Napi::HandleScope scope(env_);
  Call(listener_.failed, Napi::Number::New(env_, error));
}

void EndpointSocket::OnDead(int error) {
  const Napi::HandleScope scope(env_);
  Call(listener_.died, Napi::Number::New(env_, error));
}

// As from the loop: what JavaScript has put off until it returns happens before this does.
void EndpointSocket::Call(const Napi::FunctionReference& function, napi_value argument) {
  // JavaScript may close the socket, and this object goes.
  const Napi::Env env = env_;
  const std::shared_ptr<Lifeline> lifeline = lifeline_;
  const Napi::Value callee = function.Value();
  // The environment is being torn down.
  if (callee.IsEmpty() || !callee.IsFunction()) return;
  // Not napi_make_callback, which would keep to itself what is thrown by code that was put off.
  napi_callback_scope scope;
  if (napi_open_callback_scope(env, nullptr, lifeline->context, &scope) != napi_ok) return;
  napi_value ignored;
  napi_call_function(env, env.Global(), callee, 1, &argument, &ignored);
  napi_close_callback_scope(env, scope);
}

}  // namespace native_dtls
