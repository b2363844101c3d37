// The peers of a measured server: any number of client associations in one process with one socket, each from
// an address of its own in 127.0.0.0/8. Linux only.
#pragma once

#include <functional>
#include <vector>

#include "bench/credentials.h"
#include "bench/datagram_channel.h"
#include "core/endpoint/endpoint.h"

namespace native_dtls {

TimePoint NowOfClients();

class Clients {
 public:
  // What becomes of an association that is established.
  enum class Established { kKept, kForgotten, kClosed };

  struct Settings {
    uint16_t port = 0;
    // Without a key and without the certificate of a server, whatever certificate it has is accepted.
    Credentials credentials;
    // Resumed by every handshake; what session() has given. Empty for full handshakes.
    Bytes session;
    bool connection_ids = false;
    size_t mtu_bytes = 1200;
    Established established = Established::kKept;
    // Handshakes at a time.
    size_t in_flight = 200;
    // For a whole handshake.
    Duration handshake_timeout = AssociationOptions().handshake_timeout;
    // The first client's (LoopbackPath).
    uint32_t first_number = 0;
    DatagramChannel::Bursts bursts = DatagramChannel::Bursts::kSplit;
  };

  // Must not call back.
  using TakeMessage = std::function<void(Handle, ByteView)>;

  // Exits with a message when OpenSSL refuses the credentials.
  Clients(Settings settings, TakeMessage take);

  // Shakes hands until so many have been established in all.
  void FillTo(size_t wanted);
  // Shakes hands until `end`, as many as there may be in flight at the least. Handshakes under way are
  // finished.
  void ShakeUntil(TimePoint end);
  // Sends what waits, takes a batch of what comes, no longer than a short time, and deals with it.
  void Turn();
  // Exits with a message when the association has ended.
  void Send(Handle handle, ByteView message);

  size_t established() const { return established_; }
  // Of the established: an earlier session went on.
  size_t resumed() const { return resumed_; }
  // Of the established: the server gave out a ticket, or the session that went on has one.
  size_t resumable() const { return resumable_; }
  size_t failed() const { return failed_; }
  // Of the failed: the server has said so by an alert.
  size_t refused() const { return refused_; }
  // HelloVerifyRequests.
  size_t cookies() const { return cookies_; }
  double retransmissions() const { return counters_[static_cast<size_t>(Counter::kRetransmissions)]; }
  // Those that are kept, in the order in which they were established.
  const std::vector<Handle>& handles() const { return handles_; }
  // Of an association that is kept.
  ByteView session(Handle handle) const {
    return endpoint_.Find(handle)->facts()->extras().client_session.view();
  }

 private:
  struct Told {
    EventKind kind;
    Handle handle;
    // Of a question about a certificate: it is the server's own, and nothing came with it.
    bool expected;
  };

  std::shared_ptr<const Context> MakeContext() const;
  std::shared_ptr<const AssociationOptions> MakeOptions() const;
  size_t UnderWay() const { return begun_ - established_ - failed_; }
  void Begin();
  void Drain();
  void Follow(const Told& told);
  void NoteEstablished(Handle handle);
  bool IsServer(const CertificateQuestion& question) const;

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
  size_t resumed_ = 0;
  size_t resumable_ = 0;
  size_t failed_ = 0;
  size_t refused_ = 0;
  size_t cookies_ = 0;
};

}  // namespace native_dtls
