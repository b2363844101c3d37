#include "binding/values.h"

#include "binding/address.h"
#include "binding/arguments.h"
#include "binding/slab.h"

namespace native_dtls {

namespace {

// Handed out negative, so that they cannot be taken for a length.
constexpr struct {
  Association::SendResult result;
  const char* name;
  int code;
} kSendErrors[] = {
    {Association::SendResult::kNotEstablished, "notEstablished", -1},
    {Association::SendResult::kTooLarge, "tooLarge", -2},
    {Association::SendResult::kFailed, "failed", -3},
    {Association::SendResult::kAddressUnproven, "addressUnproven", -4},
    {Association::SendResult::kNumbersExhausted, "numbersExhausted", -5},
};

Napi::Value BufferOf(Napi::Env env, ByteView bytes) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

Napi::Object QuestionOf(Napi::Env env, const CertificateQuestion& question) {
  Napi::Array names = Napi::Array::New(env, question.errors.size());
  Napi::Array depths = Napi::Array::New(env, question.errors.size());
  for (uint32_t i = 0; i < question.errors.size(); ++i) {
    names.Set(i, Napi::String::New(env, question.errors[i].name));
    depths.Set(i, Napi::Number::New(env, question.errors[i].depth));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("chain", BuffersOf(env, question.chain));
  object.Set("errors", names);
  object.Set("depths", depths);
  return object;
}

Napi::Object QuestionOf(Napi::Env env, const HelloQuestion& question) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("serverName", Napi::String::New(env, question.server_name));
  object.Set("alpnProtocols", BufferOf(env, question.alpn_protocols));
  return object;
}

const char* FamilyOf(const Path& path) { return path.written_as_ipv6 ? "IPv6" : "IPv4"; }

Napi::Object FailureOf(Napi::Env env, const Failure& failure, const Path* path) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("alert", Napi::Number::New(env, failure.alert));
  object.Set("elapsedMs", Napi::Number::New(env, failure.elapsed_ms));
  object.Set("opensslErrors", StringsOf(env, failure.openssl_errors));
  object.Set("wrongKeyLikely", Napi::Boolean::New(env, failure.wrong_key_likely));
  object.Set("verifyError", Napi::String::New(env, failure.verify_error));
  object.Set("address", Napi::String::New(env, path == nullptr ? "" : WriteAddress(*path)));
  object.Set("port", Napi::Number::New(env, path == nullptr ? 0 : path->peer_port));
  object.Set("family", Napi::String::New(env, path == nullptr ? "IPv4" : FamilyOf(*path)));
  return object;
}

Napi::Value PayloadOf(Napi::Env env, const Outbox& outbox, const Event& event, const PathLookup& path_of,
                      const PathLookup& candidate_of) {
  if (event.has_bytes) return BufferOf(env, outbox.BytesAt(event.offset, event.size));
  if (event.hello) return QuestionOf(env, *event.hello);
  if (event.question) return QuestionOf(env, *event.question);
  if (event.failure) return FailureOf(env, *event.failure, path_of(event.handle));
  if (event.peer) return PeerOf(env, event.peer.get());
  if (event.kind == EventKind::kAddressChanged) return PeerOf(env, candidate_of(event.handle));
  return env.Undefined();
}

// As lib/native-seam.ts has it: whom a datagram goes to, and where.
double DestinationOf(const Outbox::Datagram& datagram) {
  switch (datagram.to) {
    case Destination::kSender:
      return kNoHandle;
    case Destination::kCandidate:
      return kToCandidate + datagram.handle;
    case Destination::kPeer:
      break;
  }
  return datagram.handle;
}

}  // namespace

Napi::Value BatchOf(Napi::Env env, const Outbox& outbox, const PathLookup& path_of,
                    const PathLookup& candidate_of) {
  Slab::Of(env).PutMessages(env, outbox);
  if (outbox.datagrams().empty() && outbox.event_count() == 0) return env.Undefined();
  constexpr size_t kSlotsPerDatagram = 2, kSlotsPerEvent = 4;
  Napi::Array batch = Napi::Array::New(
      env, 1 + kSlotsPerDatagram * outbox.datagrams().size() + kSlotsPerEvent * outbox.event_count());
  uint32_t next = 0;
  batch.Set(next++, Napi::Number::New(env, static_cast<double>(outbox.datagrams().size())));
  for (const auto& datagram : outbox.datagrams()) {
    batch.Set(next++, Napi::Number::New(env, DestinationOf(datagram)));
    batch.Set(next++, BufferOf(env, outbox.BytesAt(datagram.offset, datagram.size)));
  }
  for (const auto* events : {&outbox.events(), &outbox.ends()}) {
    for (const Event& event : *events) {
      batch.Set(next++, Napi::Number::New(env, static_cast<uint32_t>(event.kind)));
      batch.Set(next++, Napi::Number::New(env, event.handle));
      batch.Set(next++, Napi::Number::New(env, event.detail));
      batch.Set(next++, PayloadOf(env, outbox, event, path_of, candidate_of));
    }
  }
  return batch;
}

Napi::Value PeerOf(Napi::Env env, const Path* path) {
  if (path == nullptr) return env.Undefined();
  Napi::Object peer = Napi::Object::New(env);
  peer.Set("address", Napi::String::New(env, WriteAddress(*path)));
  peer.Set("port", Napi::Number::New(env, path->peer_port));
  peer.Set("family", Napi::String::New(env, FamilyOf(*path)));
  return peer;
}

Napi::Value SendResultOf(Napi::Env env, Association::SendResult result, Outbox& outbox) {
  for (const auto& error : kSendErrors) {
    if (error.result == result) return Napi::Number::New(env, error.code);
  }
  const Outbox::Datagram sealed = outbox.datagrams().front();
  Slab::Of(env).PutDatagram(env, sealed.handle, outbox.BytesAt(sealed.offset, sealed.size));
  if (outbox.datagrams().size() == 1 && outbox.event_count() == 0) return Napi::Number::New(env, 0);
  outbox.DropFirstDatagram();
  // No event of a send speaks of an address.
  const auto nowhere = [](Handle) -> const Path* { return nullptr; };
  return BatchOf(env, outbox, nowhere, nowhere);
}

Napi::Value InfoOf(Napi::Env env, const Association& association) {
  const Association::Facts* facts = association.facts();
  if (facts == nullptr) return env.Undefined();
  Napi::Object object = Napi::Object::New(env);
  object.Set("cipherName", Napi::String::New(env, std::string(facts->suite->name)));
  object.Set("cipherStandardName", Napi::String::New(env, std::string(facts->suite->standard_name)));
  object.Set("protocol", Napi::String::New(env, "DTLSv1.2"));
  object.Set("maxMessageSize", Napi::Number::New(env, static_cast<double>(association.max_message_bytes())));
  object.Set("serverName", Napi::String::New(env, facts->extras().server_name));
  const std::string& identity = facts->psk_identity;
  object.Set("pskIdentity",
             facts->suite->uses_psk
                 ? BufferOf(env, {reinterpret_cast<const uint8_t*>(identity.data()), identity.size()})
                 : env.Undefined());
  object.Set("peerCertificates", BuffersOf(env, facts->extras().peer_certificates));
  object.Set("alpnProtocol", facts->extras().alpn_protocol.empty()
                                 ? env.Undefined()
                                 : Napi::String::New(env, facts->extras().alpn_protocol));
  object.Set("sessionReused", Napi::Boolean::New(env, facts->session_reused));
  return object;
}

Napi::Value ClientSessionOf(Napi::Env env, const Association& association) {
  const Association::Facts* facts = association.facts();
  return facts == nullptr || facts->extras().client_session.empty()
             ? env.Undefined()
             : BufferOf(env, facts->extras().client_session.view());
}

Napi::Value IsClientSession(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const ByteView bytes = arguments.Data(0);
  if (arguments.Refused()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), ReadClientSession(bytes).has_value());
}

Napi::Value KeyingMaterialOf(Napi::Env env, const Association& association, uint32_t length,
                             const std::string& label, std::optional<ByteView> context) {
  const auto material = Napi::Buffer<uint8_t>::New(env, length);
  if (material.IsEmpty()) return env.Undefined();
  const std::span<uint8_t> out(material.Data(), material.Length());
  if (!association.ExportKeyingMaterial(label, context, out)) return env.Undefined();
  return material;
}

Napi::Value TrafficOf(Napi::Env env, const Association& association) {
  const Association::Traffic& traffic = association.traffic();
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, uint64_t value) {
    object.Set(name, Napi::Number::New(env, static_cast<double>(value)));
  };
  set("messagesSent", traffic.messages_sent);
  set("messagesReceived", traffic.messages_received);
  set("bytesSent", traffic.bytes_sent);
  set("bytesReceived", traffic.bytes_received);
  return object;
}

#define NATIVE_DTLS_SET(symbol, name) \
  object.Set(name, Napi::Number::New(env, static_cast<uint32_t>(Enumeration::symbol)));

Napi::Object EventKindsOf(Napi::Env env) {
  using Enumeration = EventKind;
  Napi::Object object = Napi::Object::New(env);
  NATIVE_DTLS_EVENT_KINDS(NATIVE_DTLS_SET)
  return object;
}

Napi::Object CloseReasonsOf(Napi::Env env) {
  using Enumeration = CloseReason;
  Napi::Object object = Napi::Object::New(env);
  NATIVE_DTLS_CLOSE_REASONS(NATIVE_DTLS_SET)
  return object;
}

Napi::Object KeyLimitsOf(Napi::Env env) {
  using Enumeration = KeyLimit;
  Napi::Object object = Napi::Object::New(env);
  NATIVE_DTLS_KEY_LIMITS(NATIVE_DTLS_SET)
  return object;
}

Napi::Object ErrorKindsOf(Napi::Env env) {
  using Enumeration = ErrorKind;
  Napi::Object object = Napi::Object::New(env);
  NATIVE_DTLS_ERROR_KINDS(NATIVE_DTLS_SET)
  return object;
}

Napi::Object RestoreErrorsOf(Napi::Env env) {
  using Enumeration = RestoreError;
  Napi::Object object = Napi::Object::New(env);
  NATIVE_DTLS_RESTORE_ERRORS(NATIVE_DTLS_SET)
  return object;
}

#undef NATIVE_DTLS_SET

Napi::Object SendErrorsOf(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& error : kSendErrors) object.Set(error.name, Napi::Number::New(env, error.code));
  object.Set("queueFull", Napi::Number::New(env, kSendQueueFull));
  return object;
}

Napi::Array BuffersOf(Napi::Env env, const std::vector<Bytes>& list) {
  Napi::Array array = Napi::Array::New(env, list.size());
  for (uint32_t i = 0; i < list.size(); ++i) array.Set(i, BufferOf(env, list[i]));
  return array;
}

Napi::Array StringsOf(Napi::Env env, const std::vector<std::string>& strings) {
  Napi::Array array = Napi::Array::New(env, strings.size());
  for (uint32_t i = 0; i < strings.size(); ++i) array.Set(i, Napi::String::New(env, strings[i]));
  return array;
}

}  // namespace native_dtls
