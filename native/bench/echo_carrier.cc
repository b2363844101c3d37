#include "bench/echo_carrier.h"

#include <unordered_map>

#include "bench/loopback_path.h"

namespace native_dtls {

namespace {

constexpr int kMaxWaitMs = 20;

class DtlsCarrier final : public EchoCarrier {
 public:
  DtlsCarrier(Clients::Settings settings, size_t peers, Take take)
      : take_(std::move(take)), clients_(std::move(settings), [this](Handle handle, ByteView message) {
          take_(peer_of_.at(handle), message);
        }) {
    clients_.FillTo(peers);
    peer_of_.reserve(peers);
    for (size_t peer = 0; peer < peers; ++peer) peer_of_.emplace(clients_.handles()[peer], peer);
  }

  void Send(size_t peer, ByteView message) override { clients_.Send(clients_.handles()[peer], message); }
  void Turn() override { clients_.Turn(); }

 private:
  const Take take_;
  std::unordered_map<Handle, size_t> peer_of_;
  Clients clients_;
};

class PlainCarrier final : public EchoCarrier {
 public:
  PlainCarrier(uint16_t port, DatagramChannel::Bursts bursts, Take take)
      : port_(port), take_(std::move(take)), channel_(bursts) {}

  void Send(size_t peer, ByteView message) override {
    channel_.Send(LoopbackPath(static_cast<uint32_t>(peer), port_), message);
  }
  void Turn() override {
    channel_.Flush();
    channel_.Receive(kMaxWaitMs,
                     [this](const Path& path, ByteView message) { take_(LoopbackNumberOf(path), message); });
  }

 private:
  const uint16_t port_;
  const Take take_;
  DatagramChannel channel_;
};

}  // namespace

std::unique_ptr<EchoCarrier> EchoCarrier::NewDtls(Clients::Settings settings, size_t peers, Take take) {
  return std::make_unique<DtlsCarrier>(std::move(settings), peers, std::move(take));
}

std::unique_ptr<EchoCarrier> EchoCarrier::NewPlain(uint16_t port, Take take, DatagramChannel::Bursts bursts) {
  return std::make_unique<PlainCarrier>(port, bursts, std::move(take));
}

}  // namespace native_dtls
