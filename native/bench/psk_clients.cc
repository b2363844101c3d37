#include "bench/psk_clients.h"

#include <cstdio>
#include <cstdlib>

#include "bench/loopback_path.h"

namespace native_dtls {

namespace {

constexpr const char* kCiphers = "PSK-AES128-GCM-SHA256";
constexpr int kMaxWaitMs = 20;

}  // namespace

TimePoint NowOfClients() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

PskClients::PskClients(Settings settings, TakeMessage take)
    : settings_(std::move(settings)),
      take_(std::move(take)),
      context_(MakeContext()),
      options_(MakeOptions()),
      channel_(settings_.bursts),
      next_number_(settings_.first_number) {}

void PskClients::FillTo(size_t wanted) {
  while (established_ < wanted) {
    while (UnderWay() < settings_.in_flight && begun_ - failed_ < wanted) Begin();
    Turn();
  }
}

void PskClients::ShakeUntil(TimePoint end) {
  for (bool over = false; !over || UnderWay() > 0; over = NowOfClients() >= end) {
    while (!over && UnderWay() < settings_.in_flight) Begin();
    Turn();
  }
}

void PskClients::Turn() {
  channel_.Flush();
  channel_.Receive(kMaxWaitMs, [this](const Path& path, ByteView datagram) {
    endpoint_.Receive(NowOfClients(), path, datagram);
    Drain();
  });
  if (endpoint_.deadline() <= NowOfClients()) {
    endpoint_.HandleTimeout(NowOfClients());
    Drain();
  }
  channel_.Flush();
}

void PskClients::Send(Handle handle, ByteView message) {
  if (endpoint_.Send(handle, message) != Association::SendResult::kSent) {
    std::fprintf(stderr, "an association has ended\n");
    std::exit(1);
  }
  Drain();
}

std::shared_ptr<const Context> PskClients::MakeContext() const {
  ContextOptions options;
  options.ciphers = kCiphers;
  auto made = Context::Create(options);
  if (auto* context = std::get_if<std::shared_ptr<const Context>>(&made)) return *context;
  std::fprintf(stderr, "OpenSSL refuses %s\n", kCiphers);
  std::exit(1);
}

std::shared_ptr<const AssociationOptions> PskClients::MakeOptions() const {
  auto options = std::make_shared<AssociationOptions>();
  options->handshake.psk = true;
  options->handshake.certificates = false;
  options->handshake.mtu_bytes = settings_.mtu_bytes;
  if (settings_.connection_ids) options->handshake.connection_id_bytes = 0;
  return options;
}

void PskClients::Begin() {
  const Handle handle = endpoint_.Connect(context_, options_, LoopbackPath(next_number_++, settings_.port));
  if (handle == kNoHandle) {
    std::fprintf(stderr, "no room for another association\n");
    std::exit(1);
  }
  ++begun_;
  endpoint_.Start(NowOfClients(), handle);
  Drain();
}

// Sends what the last call has produced, then deals with what it tells: that calls the endpoint again.
void PskClients::Drain() {
  const Outbox& outbox = endpoint_.outbox();
  for (const auto& datagram : outbox.datagrams()) {
    if (const Path* path = endpoint_.PathOf(datagram.handle)) {
      channel_.Send(*path, outbox.BytesAt(datagram.offset, datagram.size));
    }
  }
  for (const Event& event : outbox.messages()) take_(event.handle, outbox.BytesAt(event.offset, event.size));
  for (const Event& event : outbox.ends()) failed_ += event.kind == EventKind::kFailed;
  std::vector<std::pair<EventKind, Handle>> told;
  for (const Event& event : outbox.events()) told.emplace_back(event.kind, event.handle);
  for (const auto& [kind, handle] : told) Follow(kind, handle);
}

void PskClients::Follow(EventKind kind, Handle handle) {
  if (kind == EventKind::kPskRequired) {
    const ByteView identity(reinterpret_cast<const uint8_t*>(settings_.identity.data()),
                            settings_.identity.size());
    endpoint_.AnswerPsk(NowOfClients(), handle, identity, settings_.key);
    Drain();
  } else if (kind == EventKind::kEstablished) {
    ++established_;
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
}

}  // namespace native_dtls
