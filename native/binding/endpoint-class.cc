#include "binding/endpoint-class.h"

#include <limits>

#include "binding/address.h"
#include "binding/context-class.h"
#include "binding/options.h"
#include "binding/remains.h"
#include "binding/values.h"

namespace native_dtls {

namespace {

// As lib checks it for its users.
constexpr uint32_t kMaxKeyingMaterialBytes = 65535;

constexpr double kMaxPort = 65535;

// What is sent in one tick goes out together, up to this.
constexpr size_t kMostGatheredBytes = 32 * 1024;

constexpr char kSavingKey[] = "a key of 32 bytes";

Napi::Array HandlesOf(Napi::Env env, const std::vector<Handle>& handles) {
  Napi::Array array = Napi::Array::New(env, handles.size());
  for (uint32_t i = 0; i < handles.size(); ++i) array.Set(i, Napi::Number::New(env, handles[i]));
  return array;
}

}  // namespace

Napi::Function EndpointClass::Define(Napi::Env env) {
  return DefineClass(env, "Endpoint",
                     {
                         Getter<&EndpointClass::State>("state"),
                         InstanceMethod<&EndpointClass::Listen>("listen"),
                         InstanceMethod<&EndpointClass::Reconfigure>("reconfigure"),
                         InstanceMethod<&EndpointClass::StopListening>("stopListening"),
                         InstanceMethod<&EndpointClass::SupplyConnectionId>("supplyConnectionId"),
                         InstanceMethod<&EndpointClass::Connect>("connect"),
                         InstanceMethod<&EndpointClass::Start>("start"),
                         InstanceMethod<&EndpointClass::Receive>("receive"),
                         InstanceMethod<&EndpointClass::HandleTimeout>("handleTimeout"),
                         InstanceMethod<&EndpointClass::Send>("send"),
                         InstanceMethod<&EndpointClass::SendQueued>("sendQueued"),
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
                         InstanceMethod<&EndpointClass::Remains>("remains"),
                         InstanceMethod<&EndpointClass::Peer>("peer"),
                         InstanceMethod<&EndpointClass::PeerAddress>("peerAddress"),
                         InstanceMethod<&EndpointClass::PeerPort>("peerPort"),
                         InstanceMethod<&EndpointClass::Candidate>("candidate"),
                         InstanceMethod<&EndpointClass::Relocate>("relocate"),
                         InstanceMethod<&EndpointClass::OpenSocket>("openSocket"),
                         InstanceMethod<&EndpointClass::Flush>("flush"),
                         InstanceMethod<&EndpointClass::TakeRefusals>("takeRefusals"),
                         InstanceMethod<&EndpointClass::SocketAddress>("socketAddress"),
                         InstanceMethod<&EndpointClass::RefSocket>("refSocket"),
                         InstanceMethod<&EndpointClass::CloseSocket>("closeSocket"),
                     });
}

EndpointClass::EndpointClass(const Napi::CallbackInfo& info) : Wrapped(info) {
  auto state = Napi::Float64Array::New(info.Env(), 1 + kCounterCount + kQueueStateSize);
  // The environment is being torn down: nobody will use this object.
  if (state.IsEmpty()) return;
  state_ = Napi::Persistent(state);
  deadline_ = state.Data();
  queue_state_ = state.Data() + 1 + kCounterCount;
  endpoint_ = std::make_unique<Endpoint>(std::span<double, kCounterCount>(state.Data() + 1, kCounterCount));
  *deadline_ = MillisecondsOf(kNever);
}

Napi::Value EndpointClass::State(const Napi::CallbackInfo&) { return state_.Value(); }

void EndpointClass::Listen(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  auto association = AssociationOptionsOf(arguments.Options(1));
  const OptionObject server = arguments.Options(2);
  const auto* context = arguments.Object<ContextClass>(0, "a Context");
  auto options = ListenOptionsOf(server, context == nullptr ? nullptr : context->context(), association);
  if (!arguments.Refused()) endpoint_->Listen(std::move(options));
}

void EndpointClass::Reconfigure(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  auto options = AssociationOptionsOf(arguments.Options(1));
  const auto* context = arguments.Object<ContextClass>(0, "a Context");
  if (!arguments.Refused()) endpoint_->Reconfigure(context->context(), std::move(options));
}

Napi::Value EndpointClass::StopListening(const Napi::CallbackInfo& info) {
  endpoint_->StopListening();
  return Finish(info.Env());
}

Napi::Value EndpointClass::SupplyConnectionId(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const ByteView id = arguments.Data(0);
  if (arguments.Refused()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), endpoint_->SupplyConnectionId(id));
}

Napi::Value EndpointClass::Connect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  auto options = AssociationOptionsOf(arguments.Options(4));
  const auto* context = arguments.Object<ContextClass>(1, "a Context");
  const auto path = arguments.Address(2, 3);
  if (arguments.Refused()) return env.Undefined();
  if (!path) return Napi::Number::New(env, 0);
  if (endpoint_->HasPath(*path)) return Napi::Number::New(env, -1);
  return Napi::Number::New(env, endpoint_->Connect(context->context(), std::move(options), *path));
}

Napi::Value EndpointClass::Start(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const Handle handle = arguments.Name(1);
  const auto session = arguments.OptionalData(2);
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->Start(now, handle, session.value_or(ByteView()));
  return Finish(info.Env());
}

Napi::Value EndpointClass::Receive(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const ByteView datagram = arguments.Data(1);
  const auto path = arguments.Address(2, 3);
  if (!path) arguments.Refuse(2, "an address");
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->Receive(now, *path, datagram);
  return Finish(info.Env());
}

Napi::Value EndpointClass::HandleTimeout(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->HandleTimeout(now);
  return Finish(info.Env());
}

Napi::Value EndpointClass::Send(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Handle handle = arguments.Name(1);
  const ByteView message = arguments.Data(2);
  if (arguments.Refused()) return info.Env().Undefined();
  const auto result = endpoint_->Send(handle, message);
  return SendResultOf(info.Env(), result, endpoint_->outbox());
}

Napi::Value EndpointClass::PeerGone(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const Handle handle = arguments.Name(1);
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->NotePeerGone(now, handle);
  return Finish(info.Env());
}

Napi::Value EndpointClass::Shutdown(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Handle handle = arguments.Name(1);
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->Shutdown(handle);
  return Finish(info.Env());
}

Napi::Value EndpointClass::Abort(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Handle handle = arguments.Name(1);
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->Abort(handle);
  return Finish(info.Env());
}

Napi::Value EndpointClass::AnswerHello(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const Handle handle = arguments.Name(1);
  const auto* context = arguments.OptionalObject<ContextClass>(2, "a Context or undefined");
  const auto alpn_protocols = arguments.OptionalData(3);
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->AnswerHello(now, handle, context == nullptr ? nullptr : context->context(), alpn_protocols);
  return Finish(info.Env());
}

Napi::Value EndpointClass::RefuseHello(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const Handle handle = arguments.Name(1);
  const uint32_t alert = arguments.Count(2, std::numeric_limits<uint8_t>::max());
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->RefuseHello(now, handle, static_cast<Alert>(alert));
  return Finish(info.Env());
}

Napi::Value EndpointClass::AnswerPsk(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const Handle handle = arguments.Name(1);
  const auto identity = arguments.OptionalData(2);
  const auto key = arguments.OptionalData(3);
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->AnswerPsk(now, handle, identity.value_or(ByteView()), key);
  return Finish(info.Env());
}

Napi::Value EndpointClass::AnswerCertificate(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  const Handle handle = arguments.Name(1);
  const bool accept = arguments.Flag(2);
  if (arguments.Refused()) return info.Env().Undefined();
  endpoint_->AnswerCertificate(now, handle, accept);
  return Finish(info.Env());
}

Napi::Value EndpointClass::Export(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  const auto handles = arguments.Names(0);
  const ByteView key = arguments.DataOf(1, SavedAssociation::kKeyBytes, kSavingKey);
  const WallTime now = arguments.Wall(2);
  const WallTime expires_at = arguments.Wall(3);
  if (arguments.Refused()) return env.Undefined();
  const auto saved = endpoint_->Export(handles, key, now, expires_at);
  Napi::Array result = Napi::Array::New(env, 2);
  result.Set(0u, BuffersOf(env, saved));
  result.Set(1u, Finish(env));
  return result;
}

Napi::Value EndpointClass::Import(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  const auto options = AssociationOptionsOf(arguments.Options(3));
  const auto sealed = arguments.ListOfData(4);
  const TimePoint now = arguments.Time(0);
  const WallTime wall_now = arguments.Wall(1);
  const Role role = arguments.RoleName(2);
  const ByteView key = arguments.DataOf(5, SavedAssociation::kKeyBytes, kSavingKey);
  if (arguments.Refused()) return env.Undefined();
  const auto imported = endpoint_->Import(now, wall_now, role, options, sealed, key);
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
  Arguments arguments(info);
  const Handle handle = arguments.Name(0);
  const bool accept = arguments.Flag(1);
  if (!arguments.Refused()) endpoint_->AnswerAddress(handle, accept);
}

Napi::Value EndpointClass::Info(const Napi::CallbackInfo& info) {
  const Association* association = Named(info);
  return association == nullptr ? info.Env().Undefined() : InfoOf(info.Env(), *association);
}

Napi::Value EndpointClass::ClientSession(const Napi::CallbackInfo& info) {
  const Association* association = Named(info);
  return association == nullptr ? info.Env().Undefined() : ClientSessionOf(info.Env(), *association);
}

Napi::Value EndpointClass::KeyingMaterial(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Association* association = endpoint_->Find(arguments.Name(0));
  const uint32_t length = arguments.Count(1, kMaxKeyingMaterialBytes);
  const std::string label = arguments.Text(2);
  const auto context = arguments.OptionalData(3);
  if (arguments.Refused() || association == nullptr) return info.Env().Undefined();
  return KeyingMaterialOf(info.Env(), *association, length, label, context);
}

Napi::Value EndpointClass::TicketKeys(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const TimePoint now = arguments.Time(0);
  if (arguments.Refused()) return info.Env().Undefined();
  const ByteView keys = endpoint_->TicketKeysAt(now);
  return Napi::Buffer<uint8_t>::Copy(info.Env(), keys.data(), keys.size());
}

Napi::Value EndpointClass::SetTicketKeys(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const ByteView keys = arguments.Data(0);
  if (arguments.Refused()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), endpoint_->SetTicketKeys(keys));
}

Napi::Value EndpointClass::MaxMessageSize(const Napi::CallbackInfo& info) {
  const Association* association = Named(info);
  const size_t bytes = association == nullptr ? 0 : association->max_message_bytes();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

Napi::Value EndpointClass::Traffic(const Napi::CallbackInfo& info) {
  const Association* association = Named(info);
  return association == nullptr ? info.Env().Undefined() : TrafficOf(info.Env(), *association);
}

Napi::Value EndpointClass::Remains(const Napi::CallbackInfo& info) {
  const Association* association = Named(info);
  return association == nullptr ? info.Env().Undefined() : RemainsOf(info.Env(), *association);
}

Napi::Value EndpointClass::Peer(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Handle handle = arguments.Name(0);
  return arguments.Refused() ? info.Env().Undefined() : PeerOf(info.Env(), endpoint_->PathOf(handle));
}

Napi::Value EndpointClass::PeerAddress(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Handle handle = arguments.Name(0);
  if (arguments.Refused()) return info.Env().Undefined();
  const Path* path = endpoint_->PathOf(handle);
  return path == nullptr ? info.Env().Undefined() : Napi::String::New(info.Env(), WriteAddress(*path));
}

Napi::Value EndpointClass::PeerPort(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Handle handle = arguments.Name(0);
  if (arguments.Refused()) return info.Env().Undefined();
  const Path* path = endpoint_->PathOf(handle);
  return Napi::Number::New(info.Env(), path == nullptr ? 0 : path->peer_port);
}

Napi::Value EndpointClass::Candidate(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Handle handle = arguments.Name(0);
  return arguments.Refused() ? info.Env().Undefined() : PeerOf(info.Env(), endpoint_->CandidateOf(handle));
}

const Association* EndpointClass::Named(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Handle handle = arguments.Name(0);
  return arguments.Refused() ? nullptr : endpoint_->Find(handle);
}

Napi::Value EndpointClass::OpenSocket(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  OptionObject object = arguments.Options(1);
  const UdpOptions options = UdpOptionsOf(object);
  const std::string remote = object.Text("remoteAddress");
  const auto remote_port = static_cast<uint16_t>(object.Number("remotePort", 0, kMaxPort));
  const auto local =
      ParseAddress(object.Text("address"), static_cast<uint32_t>(object.Number("port", 0, kMaxPort)));
  const auto peer = remote.empty() ? std::nullopt : ParseAddress(remote, remote_port);
  const bool portable = object.Flag("portable");
  const TimePoint now = arguments.Time(0);
  EndpointSocket::Listener listener{arguments.Function(2), arguments.Function(3), arguments.Function(4),
                                    arguments.Function(5)};
  if (!local || (!remote.empty() && !peer)) arguments.Refuse(1, "literal addresses");
  if (socket_) arguments.Refuse(1, "an endpoint without a socket");
  if (arguments.Refused()) return env.Undefined();
  auto socket = std::make_unique<EndpointSocket>(
      env, endpoint_.get(), deadline_, [this](Napi::Env batch_env) { return Batch(batch_env); },
      std::move(listener), now, portable);
  const char* failed = "open";
  sockaddr_storage address;
  AddressOf(*local, options.ipv6, &address);
  int error = socket->socket().Open(options, reinterpret_cast<const sockaddr*>(&address));
  if (error == 0 && peer) {
    failed = "connect";
    AddressOf(*peer, options.ipv6, &address);
    error = socket->socket().Connect(reinterpret_cast<const sockaddr*>(&address));
  }
  if (error == 0) error = socket->socket().Start();
  if (error == 0) {
    socket_ = std::move(socket);
    // It must not be collected while the loop may call it.
    Ref();
    return env.Undefined();
  }
  Napi::Array result = Napi::Array::New(env, 2);
  result.Set(0u, Napi::Number::New(env, error));
  result.Set(1u, Napi::String::New(env, failed));
  return result;
}

Napi::Value EndpointClass::Flush(const Napi::CallbackInfo& info) {
  if (socket_) NoteFlush();
  return Napi::Number::New(info.Env(), std::exchange(flush_error_, 0));
}

Napi::Value EndpointClass::TakeRefusals(const Napi::CallbackInfo& info) {
  Napi::Array result = Napi::Array::New(info.Env());
  uint32_t next = 0;
  if (!socket_) return result;
  for (const auto& [index, error] : socket_->socket().queue().TakeRefusals()) {
    result.Set(next++, Napi::Number::New(info.Env(), static_cast<double>(index)));
    result.Set(next++, Napi::Number::New(info.Env(), error));
  }
  return result;
}

Napi::Value EndpointClass::SocketAddress(const Napi::CallbackInfo& info) {
  sockaddr_storage address;
  if (!socket_ || socket_->socket().LocalAddress(&address) != 0) return info.Env().Undefined();
  Path path = PathOf(reinterpret_cast<const sockaddr*>(&address));
  path.written_as_ipv6 = address.ss_family == AF_INET6;
  return PeerOf(info.Env(), &path);
}

void EndpointClass::RefSocket(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const bool refed = arguments.Flag(0);
  if (!arguments.Refused() && socket_) socket_->socket().Ref(refed);
}

void EndpointClass::CloseSocket(const Napi::CallbackInfo&) {
  if (!socket_) return;
  socket_.reset();
  Unref();
}

Napi::Value EndpointClass::Relocate(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Handle handle = arguments.Name(0);
  const auto path = arguments.Address(1, 2);
  if (!path) arguments.Refuse(1, "an address");
  if (arguments.Refused()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), endpoint_->Relocate(handle, *path));
}

// What is sealed must have room: a record number is spent for it.
Napi::Value EndpointClass::SendQueued(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  const Handle handle = arguments.Name(0);
  const ByteView message = arguments.Data(1);
  if (arguments.Refused()) return env.Undefined();
  if (!socket_ || !socket_->socket().queue().HasRoom()) return Napi::Number::New(env, kSendQueueFull);
  const auto result = endpoint_->Send(handle, message);
  if (result != Association::SendResult::kSent) return SendResultOf(env, result, endpoint_->outbox());
  socket_->TakeDatagrams();
  if (socket_->socket().queue().waiting_bytes() > kMostGatheredBytes) {
    NoteFlush();
  } else {
    PublishQueue();
  }
  return endpoint_->outbox().event_count() == 0 ? Napi::Number::New(env, 0) : Batch(env);
}

void EndpointClass::NoteFlush() {
  const int error = socket_->Flush();
  if (error != 0) flush_error_ = error;
  PublishQueue();
}

void EndpointClass::PublishQueue() {
  if (!socket_) return;
  const SendQueue& queue = socket_->socket().queue();
  queue_state_[0] = static_cast<double>(queue.added());
  queue_state_[1] = static_cast<double>(queue.taken());
  queue_state_[2] = static_cast<double>(queue.waiting_bytes());
}

Napi::Value EndpointClass::Finish(Napi::Env env) {
  if (socket_) socket_->TakeDatagrams();
  PublishQueue();
  return Batch(env);
}

Napi::Value EndpointClass::Batch(Napi::Env env) {
  *deadline_ = MillisecondsOf(endpoint_->deadline());
  return BatchOf(
      env, endpoint_->outbox(), [this](Handle handle) { return endpoint_->PathOf(handle); },
      [this](Handle handle) { return endpoint_->CandidateOf(handle); });
}

}  // namespace native_dtls
