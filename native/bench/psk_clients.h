// The peers of a measured server: any number of client associations with a pre-shared key in one process with
// one socket, each from an address of its own in 127.0.0.0/8. Linux only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/datagram_channel.h"
#include "core/endpoint/endpoint.h"

namespace native_dtls {

TimePoint NowOfClients();

class PskClients {
 public:
  // What becomes of an association that is established.
  enum class Established { kKept, kForgotten, kClosed };

  struct Settings {
    uint16_t port = 0;
    std::string identity;
    Bytes key;
    bool connection_ids = false;
    size_t mtu_bytes = 1200;
    Established established = Established::kKept;
    // Handshakes at a time.
    size_t in_flight = 200;
    // The first client's (LoopbackPath).
    uint32_t first_number = 0;
    DatagramChannel::Bursts bursts = DatagramChannel::Bursts::kSplit;
  };

  // Must not call back.
  using TakeMessage = std::function<void(Handle, ByteView)>;

  // Exits with a message when OpenSSL refuses the suite.
  PskClients(Settings settings, TakeMessage take);

  // Shakes hands until so many have been established in all.
  void FillTo(size_t wanted);
  // Shakes hands until `end`. Handshakes under way are finished.
  void ShakeUntil(TimePoint end);
  // Sends what waits, takes a batch of what comes, no longer than a short time, and deals with it.
  void Turn();
  // Exits with a message when the association has ended.
  void Send(Handle handle, ByteView message);

  size_t established() const { return established_; }
  size_t failed() const { return failed_; }
  double retransmissions() const { return counters_[static_cast<size_t>(Counter::kRetransmissions)]; }
  // Those that are kept, in the order in which they were established.
  const std::vector<Handle>& handles() const { return handles_; }

 private:
  std::shared_ptr<const Context> MakeContext() const;
  std::shared_ptr<const AssociationOptions> MakeOptions() const;
  size_t UnderWay() const { return begun_ - established_ - failed_; }
  void Begin();
  void Drain();
  void Follow(EventKind kind, Handle handle);

  const Settings settings_;
  const TakeMessage take_;
  const std::shared_ptr<const Context> context_;
  const std::shared_ptr<const AssociationOptions> options_;
  double counters_[kCounterCount] = {};
  Endpoint endpoint_{counters_};
  DatagramChannel channel_;
  std::vector<Handle> handles_;
  uint32_t next_number_;
  size_t begun_ = 0;
  size_t established_ = 0;
  size_t failed_ = 0;
};

}  // namespace native_dtls
