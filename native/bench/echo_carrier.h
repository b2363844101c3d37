// How the messages of the echo load travel: over DTLS, or as they are.
#pragma once

#include <functional>
#include <memory>

#include "bench/clients.h"

namespace native_dtls {

class EchoCarrier {
 public:
  // From the peer with that number. Must not call back.
  using Take = std::function<void(size_t peer, ByteView message)>;

  virtual ~EchoCarrier() = default;
  // Leaves with the next Turn at the latest.
  virtual void Send(size_t peer, ByteView message) = 0;
  // Sends, and takes a batch of what comes; waits no longer than a short time.
  virtual void Turn() = 0;

  // `peers` associations are established when this returns.
  static std::unique_ptr<EchoCarrier> NewDtls(Clients::Settings settings, size_t peers, Take take);
  static std::unique_ptr<EchoCarrier> NewPlain(
      uint16_t port, Take take, DatagramChannel::Bursts bursts = DatagramChannel::Bursts::kSplit);
};

}  // namespace native_dtls
