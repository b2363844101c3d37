// One UDP socket that speaks for the whole of 127.0.0.0/8: each datagram names its source address
// (IP_PKTINFO), so a million peers need one descriptor. Sends and receives in batches. Linux only.
#pragma once

#include <netinet/in.h>

#include <array>
#include <functional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/path.h"

namespace native_dtls {

class DatagramChannel {
 public:
  // How what was sent as one burst (UDP_SEGMENT) comes: as the network would bring it, or unsplit as far as
  // the kernel can (UDP_GRO), which spares the sender's kernel the splitting on a loopback. What is taken is
  // the same.
  enum class Bursts { kSplit, kWhole };

  // Exits with a message when there is no socket to be had.
  explicit DatagramChannel(Bursts bursts = Bursts::kSplit);
  ~DatagramChannel();
  DatagramChannel(const DatagramChannel&) = delete;
  DatagramChannel& operator=(const DatagramChannel&) = delete;

  // From the local to the peer's address of `path`; leaves with the next Flush. The kernel may drop it.
  void Send(const Path& path, ByteView datagram);
  void Flush();
  // Waits for datagrams, no longer than `timeout_ms`, and hands out a batch of them. `path` of each as its
  // answer would need it.
  void Receive(int timeout_ms, const std::function<void(const Path&, ByteView)>& take);

 private:
  static constexpr size_t kBatch = 64;
  static constexpr size_t kDatagramBytes = 2048;
  static constexpr size_t kBurstBytes = 65'536;

  struct Outgoing {
    Path path;
    Bytes bytes;
  };

  int socket_;
  size_t pending_ = 0;
  std::vector<Outgoing> outgoing_;
  // For each of a batch.
  const size_t buffer_bytes_;
  Bytes buffers_;
};

}  // namespace native_dtls
