#include "bench/tls_carrier.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "bench/tls_stream.h"

namespace native_dtls {

namespace {

constexpr int kMaxWaitMs = 20;
constexpr size_t kHandshakesInFlight = 64;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// A descriptor a peer: as many as the system lets a process have.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) Die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) Die("setrlimit");
}

class TlsCarrier final : public EchoCarrier {
 public:
  TlsCarrier(const TlsCarrierSettings& settings, Take take)
      : take_(std::move(take)),
        message_bytes_(settings.message_bytes),
        context_(settings.identity, settings.key),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) Die("epoll_create1");
    RaiseDescriptorLimit();
    streams_.reserve(settings.peers);
    while (established_ < settings.peers) {
      while (streams_.size() < settings.peers && streams_.size() - established_ < kHandshakesInFlight) {
        Connect(settings.port);
      }
      Turn();
    }
  }
  ~TlsCarrier() override { close(epoll_); }
  TlsCarrier(const TlsCarrier&) = delete;
  TlsCarrier& operator=(const TlsCarrier&) = delete;

  void Send(size_t peer, ByteView message) override {
    streams_[peer]->Write(message);
    Wait(peer);
  }

  void Turn() override {
    // What the kernel has no room for goes on when its socket is writable again.
    for (const size_t peer : waiting_) streams_[peer]->Flush();
    for (const size_t peer : waiting_) waits_[peer] = false;
    waiting_.clear();
    std::array<epoll_event, 64> ready;
    const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), kMaxWaitMs);
    for (int i = 0; i < count; ++i) Hear(static_cast<size_t>(ready[static_cast<size_t>(i)].data.u64));
  }

 private:
  void Connect(uint16_t port) {
    const size_t peer = streams_.size();
    streams_.push_back(std::make_unique<TlsStream>(context_, port));
    waits_.push_back(false);
    epoll_event wanted{};
    // Told once for all that has come: a stream is read until it is empty.
    wanted.events = EPOLLIN | EPOLLOUT | EPOLLET;
    wanted.data.u64 = peer;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, streams_[peer]->socket(), &wanted) != 0) Die("epoll_ctl");
    Wait(peer);
  }

  void Hear(size_t peer) {
    TlsStream& stream = *streams_[peer];
    const bool was_established = stream.established();
    stream.Receive([this, peer](ByteView message) { take_(peer, message); }, message_bytes_);
    established_ += !was_established && stream.established();
    Wait(peer);
  }

  // To be flushed with the next turn.
  void Wait(size_t peer) {
    if (waits_[peer]) return;
    waits_[peer] = true;
    waiting_.push_back(peer);
  }

  const Take take_;
  const size_t message_bytes_;
  const TlsStream::Context context_;
  const int epoll_;
  std::vector<std::unique_ptr<TlsStream>> streams_;
  std::vector<bool> waits_;
  std::vector<size_t> waiting_;
  size_t established_ = 0;
};

}  // namespace

std::unique_ptr<EchoCarrier> NewTlsCarrier(const TlsCarrierSettings& settings, EchoCarrier::Take take) {
  return std::make_unique<TlsCarrier>(settings, std::move(take));
}

}  // namespace native_dtls
