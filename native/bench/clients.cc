#include "bench/clients.h"

#include <cstdio>
#include <cstdlib>

#include "bench/loopback_path.h"

namespace native_dtls {

namespace {

constexpr const char* kPskCiphers = "PSK-AES128-GCM-SHA256";
constexpr const char* kCertificateCiphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
constexpr int kMaxWaitMs = 20;

bool IsHelloVerifyRequest(ByteView datagram) {
  return datagram.size() > kRecordHeaderBytes &&
         static_cast<ContentType>(datagram[0]) == ContentType::kHandshake &&
         static_cast<HandshakeType>(datagram[kRecordHeaderBytes]) == HandshakeType::kHelloVerifyRequest;
}

}  // namespace

TimePoint NowOfClients() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

Clients::Clients(Settings settings, TakeMessage take)
    : settings_(std::move(settings)),
      take_(std::move(take)),
      context_(MakeContext()),
      options_(MakeOptions()),
      channel_(settings_.bursts),
      next_number_(settings_.first_number) {}

void Clients::FillTo(size_t wanted) {
  while (established_ < wanted) {
    while (UnderWay() < settings_.in_flight && begun_ - failed_ < wanted) Begin();
    Turn();
  }
}

void Clients::ShakeUntil(TimePoint end) {
  for (bool over = false; !over || UnderWay() > 0; over = NowOfClients() >= end) {
    while (!over && UnderWay() < settings_.in_flight) Begin();
    Turn();
  }
}

void Clients::Turn() {
  channel_.Flush();
  channel_.Receive(kMaxWaitMs, [this](const Path& path, ByteView datagram) {
    cookies_ += IsHelloVerifyRequest(datagram);
    endpoint_.Receive(NowOfClients(), path, datagram);
    Drain();
  });
  if (endpoint_.deadline() <= NowOfClients()) {
    endpoint_.HandleTimeout(NowOfClients());
    Drain();
  }
  channel_.Flush();
}

void Clients::Send(Handle handle, ByteView message) {
  if (endpoint_.Send(handle, message) != Association::SendResult::kSent) {
    std::fprintf(stderr, "an association has ended\n");
    std::exit(1);
  }
  Drain();
}

std::shared_ptr<const Context> Clients::MakeContext() const {
  const Credentials& credentials = settings_.credentials;
  ContextOptions options;
  options.ciphers = credentials.psk() ? kPskCiphers : kCertificateCiphers;
  if (!credentials.certificate.empty()) {
    options.identities.push_back(
        {.certificates = credentials.certificate, .key = Secret(credentials.private_key), .passphrase = {}});
  }
  auto made = Context::Create(options);
  if (auto* context = std::get_if<std::shared_ptr<const Context>>(&made)) return *context;
  std::fprintf(stderr, "OpenSSL refuses %s or the certificate for it\n", options.ciphers.c_str());
  std::exit(1);
}

std::shared_ptr<const AssociationOptions> Clients::MakeOptions() const {
  auto options = std::make_shared<AssociationOptions>();
  options->handshake_timeout = settings_.handshake_timeout;
  options->handshake.psk = settings_.credentials.psk();
  options->handshake.certificates = !settings_.credentials.psk();
  options->handshake.mtu_bytes = settings_.mtu_bytes;
  if (settings_.connection_ids) options->handshake.connection_id_bytes = 0;
  return options;
}

void Clients::Begin() {
  const Handle handle = endpoint_.Connect(context_, options_, LoopbackPath(next_number_++, settings_.port));
  if (handle == kNoHandle) {
    std::fprintf(stderr, "no room for another association\n");
    std::exit(1);
  }
  ++begun_;
  endpoint_.Start(NowOfClients(), handle, settings_.session);
  Drain();
}

// Sends what the last call has produced, then deals with what it tells: that calls the endpoint again.
void Clients::Drain() {
  const Outbox& outbox = endpoint_.outbox();
  for (const auto& datagram : outbox.datagrams()) {
    if (const Path* path = endpoint_.PathOf(datagram.handle)) {
      channel_.Send(*path, outbox.BytesAt(datagram.offset, datagram.size));
    }
  }
  for (const auto& [handle, offset, size] : outbox.messages()) take_(handle, outbox.BytesAt(offset, size));
  for (const Event& event : outbox.ends()) {
    if (event.kind != EventKind::kFailed) continue;
    ++failed_;
    refused_ += static_cast<ErrorKind>(event.detail) == ErrorKind::kAlertReceived;
  }
  std::vector<Told> told;
  for (const Event& event : outbox.events()) {
    told.push_back({event.kind, event.handle, event.question && IsServer(*event.question)});
  }
  for (const Told& one : told) Follow(one);
}

void Clients::Follow(const Told& told) {
  if (told.kind == EventKind::kPskRequired) {
    const Credentials& credentials = settings_.credentials;
    const ByteView identity(reinterpret_cast<const uint8_t*>(credentials.identity.data()),
                            credentials.identity.size());
    endpoint_.AnswerPsk(NowOfClients(), told.handle, identity, credentials.key);
    Drain();
  } else if (told.kind == EventKind::kCertificateReceived) {
    endpoint_.AnswerCertificate(NowOfClients(), told.handle, told.expected);
    Drain();
  } else if (told.kind == EventKind::kEstablished) {
    NoteEstablished(told.handle);
  }
}

void Clients::NoteEstablished(Handle handle) {
  ++established_;
  resumed_ += endpoint_.Find(handle)->facts()->session_reused;
  resumable_ += !session(handle).empty();
  switch (settings_.established) {
    case Established::kKept:
      handles_.push_back(handle);
      break;
    case Established::kForgotten:
      endpoint_.Abort(handle);
      break;
    case Established::kClosed:
      endpoint_.Shutdown(handle);
      Drain();
  }
}

bool Clients::IsServer(const CertificateQuestion& question) const {
  const Bytes& server = settings_.credentials.server;
  return server.empty() || (question.chain.size() == 1 && question.chain[0] == server);
}

}  // namespace native_dtls
