#include "binding/endpoint-class.h"

#include <cmath>

#include "binding/address.h"
#include "binding/context-class.h"
#include "binding/values.h"

namespace native_dtls {

namespace {

Handle HandleOf(Napi::Value value) { return value.ToNumber().Uint32Value(); }

WallTime WallTimeOf(Napi::Value value) { return WallTime(std::llround(value.ToNumber().DoubleValue())); }

Napi::Array HandlesOf(Napi::Env env, const std::vector<Handle>& handles) {
  Napi::Array array = Napi::Array::New(env, handles.size());
  for (uint32_t i = 0; i < handles.size(); ++i) array.Set(i, Napi::Number::New(env, handles[i]));
  return array;
}

std::optional<Path> PathOf(Napi::Value address, Napi::Value port) {
  if (!address.IsString() || !port.IsNumber()) return std::nullopt;
  return ParseAddress(address.As<Napi::String>().Utf8Value(), port.As<Napi::Number>().Uint32Value());
}

}  // namespace

Napi::Function EndpointClass::Define(Napi::Env env) {
  return DefineClass(env, "Endpoint",
                     {
                         InstanceAccessor<&EndpointClass::State>("state"),
                         InstanceMethod<&EndpointClass::Listen>("listen"),
                         InstanceMethod<&EndpointClass::Reconfigure>("reconfigure"),
                         InstanceMethod<&EndpointClass::StopListening>("stopListening"),
                         InstanceMethod<&EndpointClass::SupplyConnectionId>("supplyConnectionId"),
                         InstanceMethod<&EndpointClass::Connect>("connect"),
                         InstanceMethod<&EndpointClass::Start>("start"),
                         InstanceMethod<&EndpointClass::Receive>("receive"),
                         InstanceMethod<&EndpointClass::HandleTimeout>("handleTimeout"),
                         InstanceMethod<&EndpointClass::Send>("send"),
                         InstanceMethod<&EndpointClass::PeerGone>("peerGone"),
                         InstanceMethod<&EndpointClass::Shutdown>("shutdown"),
                         InstanceMethod<&EndpointClass::Abort>("abort"),
                         InstanceMethod<&EndpointClass::AnswerHello>("answerHello"),
                         InstanceMethod<&EndpointClass::RefuseHello>("refuseHello"),
                         InstanceMethod<&EndpointClass::AnswerPsk>("answerPsk"),
                         InstanceMethod<&EndpointClass::AnswerCertificate>("answerCertificate"),
                         InstanceMethod<&EndpointClass::Export>("export"),
                         InstanceMethod<&EndpointClass::Import>("import"),
                         InstanceMethod<&EndpointClass::Established>("established"),
                         InstanceMethod<&EndpointClass::AnswerAddress>("answerAddress"),
                         InstanceMethod<&EndpointClass::Info>("info"),
                         InstanceMethod<&EndpointClass::ClientSession>("clientSession"),
                         InstanceMethod<&EndpointClass::KeyingMaterial>("keyingMaterial"),
                         InstanceMethod<&EndpointClass::TicketKeys>("ticketKeys"),
                         InstanceMethod<&EndpointClass::SetTicketKeys>("setTicketKeys"),
                         InstanceMethod<&EndpointClass::MaxMessageSize>("maxMessageSize"),
                         InstanceMethod<&EndpointClass::Traffic>("traffic"),
                         InstanceMethod<&EndpointClass::Peer>("peer"),
                         InstanceMethod<&EndpointClass::Candidate>("candidate"),
                     });
}

EndpointClass::EndpointClass(const Napi::CallbackInfo& info) : Wrapped(info) {
  auto state = Napi::Float64Array::New(info.Env(), 1 + kCounterCount);
  // The environment is being torn down: nobody will use this object.
  if (state.IsEmpty()) return;
  state_ = Napi::Persistent(state);
  deadline_ = state.Data();
  endpoint_ = std::make_unique<Endpoint>(std::span<double, kCounterCount>(state.Data() + 1, kCounterCount));
  *deadline_ = MillisecondsOf(kNever);
}

Napi::Value EndpointClass::State(const Napi::CallbackInfo&) { return state_.Value(); }

void EndpointClass::Listen(const Napi::CallbackInfo& info) {
  const auto* context = ContextClass::From(info[0]);
  if (context == nullptr || !info[1].IsObject() || !info[2].IsObject()) {
    ThrowBadArgument(info.Env(), "a Context, association options and server options");
    return;
  }
  const auto server = info[2].As<Napi::Object>();
  endpoint_->Listen({
      .context = context->context(),
      .association = AssociationOptionsOf(info[1].As<Napi::Object>()),
      .cookies = server.Get("cookies").ToBoolean(),
      .cookie_secret = CopyOf(BytesOf(server.Get("cookieSecret"))),
      .max_connections = static_cast<size_t>(server.Get("maxConnections").ToNumber().DoubleValue()),
      .max_pending_handshakes =
          static_cast<size_t>(server.Get("maxPendingHandshakes").ToNumber().DoubleValue()),
      .max_connections_per_host =
          static_cast<size_t>(server.Get("maxConnectionsPerHost").ToNumber().DoubleValue()),
      .ticket_keys = Secret(BytesOf(server.Get("ticketKeys"))),
      .supplied_connection_ids = server.Get("suppliedConnectionIds").ToBoolean(),
  });
}

void EndpointClass::Reconfigure(const Napi::CallbackInfo& info) {
  const auto* context = ContextClass::From(info[0]);
  if (context == nullptr || !info[1].IsObject()) {
    ThrowBadArgument(info.Env(), "a Context and association options");
    return;
  }
  endpoint_->Reconfigure(context->context(), AssociationOptionsOf(info[1].As<Napi::Object>()));
}

Napi::Value EndpointClass::StopListening(const Napi::CallbackInfo& info) {
  endpoint_->StopListening();
  return Finish(info.Env());
}

Napi::Value EndpointClass::SupplyConnectionId(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), endpoint_->SupplyConnectionId(BytesOf(info[0])));
}

Napi::Value EndpointClass::Connect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto* context = ContextClass::From(info[1]);
  if (context == nullptr || !info[4].IsObject())
    return ThrowBadArgument(env, "a Context and association options");
  const auto path = PathOf(info[2], info[3]);
  if (!path) return Napi::Number::New(env, 0);
  if (endpoint_->HasPath(*path)) return Napi::Number::New(env, -1);
  const Handle handle =
      endpoint_->Connect(context->context(), AssociationOptionsOf(info[4].As<Napi::Object>()), *path);
  return Napi::Number::New(env, handle);
}

Napi::Value EndpointClass::Start(const Napi::CallbackInfo& info) {
  endpoint_->Start(TimeOf(info[0]), HandleOf(info[1]), BytesOf(info[2]));
  return Finish(info.Env());
}

Napi::Value EndpointClass::Receive(const Napi::CallbackInfo& info) {
  const auto datagram = OptionalBytesOf(info[1]);
  const auto path = PathOf(info[2], info[3]);
  if (!datagram || !path) return ThrowBadArgument(info.Env(), "a datagram, an address and a port");
  endpoint_->Receive(TimeOf(info[0]), *path, *datagram);
  return Finish(info.Env());
}

Napi::Value EndpointClass::HandleTimeout(const Napi::CallbackInfo& info) {
  endpoint_->HandleTimeout(TimeOf(info[0]));
  return Finish(info.Env());
}

Napi::Value EndpointClass::Send(const Napi::CallbackInfo& info) {
  const auto message = OptionalBytesOf(info[2]);
  if (!message) return ThrowBadArgument(info.Env(), "a Uint8Array");
  const auto result = endpoint_->Send(HandleOf(info[1]), *message);
  return SendResultOf(info.Env(), result, endpoint_->outbox());
}

Napi::Value EndpointClass::PeerGone(const Napi::CallbackInfo& info) {
  endpoint_->NotePeerGone(TimeOf(info[0]), HandleOf(info[1]));
  return Finish(info.Env());
}

Napi::Value EndpointClass::Shutdown(const Napi::CallbackInfo& info) {
  endpoint_->Shutdown(HandleOf(info[1]));
  return Finish(info.Env());
}

Napi::Value EndpointClass::Abort(const Napi::CallbackInfo& info) {
  endpoint_->Abort(HandleOf(info[1]));
  return Finish(info.Env());
}

Napi::Value EndpointClass::AnswerHello(const Napi::CallbackInfo& info) {
  const auto* context = ContextClass::From(info[2]);
  if (context == nullptr && !info[2].IsUndefined()) {
    return ThrowBadArgument(info.Env(), "a Context or undefined");
  }
  endpoint_->AnswerHello(TimeOf(info[0]), HandleOf(info[1]),
                         context == nullptr ? nullptr : context->context(), OptionalBytesOf(info[3]));
  return Finish(info.Env());
}

Napi::Value EndpointClass::RefuseHello(const Napi::CallbackInfo& info) {
  endpoint_->RefuseHello(TimeOf(info[0]), HandleOf(info[1]),
                         static_cast<Alert>(info[2].ToNumber().Uint32Value()));
  return Finish(info.Env());
}

Napi::Value EndpointClass::AnswerPsk(const Napi::CallbackInfo& info) {
  endpoint_->AnswerPsk(TimeOf(info[0]), HandleOf(info[1]), BytesOf(info[2]), OptionalBytesOf(info[3]));
  return Finish(info.Env());
}

Napi::Value EndpointClass::AnswerCertificate(const Napi::CallbackInfo& info) {
  endpoint_->AnswerCertificate(TimeOf(info[0]), HandleOf(info[1]), info[2].ToBoolean());
  return Finish(info.Env());
}

Napi::Value EndpointClass::Export(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto key = OptionalBytesOf(info[1]);
  if (!info[0].IsArray() || !key || key->size() != SavedAssociation::kKeyBytes) {
    return ThrowBadArgument(env, "an array of handles and a key of 32 bytes");
  }
  const auto list = info[0].As<Napi::Array>();
  std::vector<Handle> handles;
  for (uint32_t i = 0; i < list.Length(); ++i) handles.push_back(HandleOf(list.Get(i)));
  const auto saved = endpoint_->Export(handles, *key, WallTimeOf(info[2]), WallTimeOf(info[3]));
  Napi::Array result = Napi::Array::New(env, 2);
  result.Set(0u, BuffersOf(env, saved));
  result.Set(1u, Finish(env));
  return result;
}

Napi::Value EndpointClass::Import(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto key = OptionalBytesOf(info[5]);
  if (!info[2].IsString() || !info[3].IsObject() || !info[4].IsArray() || !key ||
      key->size() != SavedAssociation::kKeyBytes) {
    return ThrowBadArgument(env, "a role, association options, an array of Buffers and a key of 32 bytes");
  }
  const auto list = info[4].As<Napi::Array>();
  std::vector<ByteView> sealed;
  for (uint32_t i = 0; i < list.Length(); ++i) sealed.push_back(BytesOf(list.Get(i)));
  const Role role = info[2].As<Napi::String>().Utf8Value() == "server" ? Role::kServer : Role::kClient;
  const auto imported = endpoint_->Import(TimeOf(info[0]), WallTimeOf(info[1]), role,
                                          AssociationOptionsOf(info[3].As<Napi::Object>()), sealed, *key);
  *deadline_ = MillisecondsOf(endpoint_->deadline());
  if (const auto* error = std::get_if<RestoreError>(&imported)) {
    return Napi::Number::New(env, static_cast<uint32_t>(*error));
  }
  return HandlesOf(env, std::get<std::vector<Handle>>(imported));
}

Napi::Value EndpointClass::Established(const Napi::CallbackInfo& info) {
  return HandlesOf(info.Env(), endpoint_->Established());
}

void EndpointClass::AnswerAddress(const Napi::CallbackInfo& info) {
  endpoint_->AnswerAddress(HandleOf(info[0]), info[1].ToBoolean());
}

Napi::Value EndpointClass::Info(const Napi::CallbackInfo& info) {
  const Association* association = endpoint_->Find(HandleOf(info[0]));
  return association == nullptr ? info.Env().Undefined() : InfoOf(info.Env(), *association);
}

Napi::Value EndpointClass::ClientSession(const Napi::CallbackInfo& info) {
  const Association* association = endpoint_->Find(HandleOf(info[0]));
  return association == nullptr ? info.Env().Undefined() : ClientSessionOf(info.Env(), *association);
}

Napi::Value EndpointClass::KeyingMaterial(const Napi::CallbackInfo& info) {
  const Association* association = endpoint_->Find(HandleOf(info[0]));
  return association == nullptr ? info.Env().Undefined()
                                : KeyingMaterialOf(info.Env(), *association, info[1], info[2], info[3]);
}

Napi::Value EndpointClass::TicketKeys(const Napi::CallbackInfo& info) {
  const ByteView keys = endpoint_->TicketKeysAt(TimeOf(info[0]));
  return Napi::Buffer<uint8_t>::Copy(info.Env(), keys.data(), keys.size());
}

Napi::Value EndpointClass::SetTicketKeys(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), endpoint_->SetTicketKeys(BytesOf(info[0])));
}

Napi::Value EndpointClass::MaxMessageSize(const Napi::CallbackInfo& info) {
  const Association* association = endpoint_->Find(HandleOf(info[0]));
  const size_t bytes = association == nullptr ? 0 : association->max_message_bytes();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

Napi::Value EndpointClass::Traffic(const Napi::CallbackInfo& info) {
  const Association* association = endpoint_->Find(HandleOf(info[0]));
  return association == nullptr ? info.Env().Undefined() : TrafficOf(info.Env(), *association);
}

Napi::Value EndpointClass::Peer(const Napi::CallbackInfo& info) {
  return PeerOf(info.Env(), endpoint_->PathOf(HandleOf(info[0])));
}

Napi::Value EndpointClass::Candidate(const Napi::CallbackInfo& info) {
  return PeerOf(info.Env(), endpoint_->CandidateOf(HandleOf(info[0])));
}

Napi::Value EndpointClass::Finish(Napi::Env env) {
  *deadline_ = MillisecondsOf(endpoint_->deadline());
  return BatchOf(
      env, endpoint_->outbox(), [this](Handle handle) { return endpoint_->PathOf(handle); },
      [this](Handle handle) { return endpoint_->CandidateOf(handle); });
}

}  // namespace native_dtls
