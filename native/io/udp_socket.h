// A UDP socket on the loop of libuv that receives and sends in batches. Linux has system calls for that and
// the segmentation of a burst to one peer (udp_socket_linux.cc); elsewhere it is libuv's own
// (udp_socket_libuv.cc). It knows nothing of DTLS,
// but that it can tell hellos (overload_guard_linux.h).
#pragma once

#include <uv.h>

#include <memory>
#include <span>

#include "core/base/bytes.h"
#include "core/base/path.h"
#include "io/send_queue.h"

namespace native_dtls {

struct UdpOptions {
  bool ipv6 = false;
  // An IPv6 socket for IPv6 alone; else IPv4 comes in its mapped form.
  bool ipv6_only = false;
  bool reuse_address = false;
  // Several sockets on one address and port; the system shares the peers out among them.
  bool reuse_port = false;
  // 0: as the system has it.
  int receive_buffer_bytes = 0;
  // It is widened to this where it is less, as far as the system allows.
  int least_receive_buffer_bytes = 0;
  int send_buffer_bytes = 0;
  // Where the system can do it: when more ClientHellos come than there is time for, it lets only some of them
  // in.
  bool thin_hellos = true;
};

class UdpSocket {
 public:
  // Larger datagrams are cut off, and so are no DTLS: a record with its Connection ID, and more than an MTU.
  static constexpr size_t kMaxDatagramBytes = 18 * 1024;
  // In one turn of the loop, so that a flood leaves it time for others.
  static constexpr size_t kBatch = 64;

  struct Received {
    Path path;
    ByteView datagram;
  };

  // Called by the loop, never from inside a call of ours. May close the socket, and must not delete it.
  class Listener {
   public:
    virtual ~Listener() = default;
    // The views are valid until it returns. The places of the batch are the listener's to use.
    virtual void OnReceived(std::span<Received> batch) = 0;
    // So many more datagrams have been dropped by the system, because there was no room for them or they were
    // too many hellos. Only where it says so.
    virtual void OnDroppedBySystem(uint64_t count) = 0;
    // What had to wait is on its way.
    virtual void OnDrained() = 0;
    // An ICMP message for one; the socket goes on. A negative number of libuv's.
    virtual void OnError(int error) = 0;
    // It cannot go on.
    virtual void OnDead(int error) = 0;
  };

  // All functions that fail return a negative error of libuv's.
  static std::unique_ptr<UdpSocket> New(uv_loop_t* loop, Listener* listener);
  // Plain libuv, also where there is something better.
  static std::unique_ptr<UdpSocket> NewPortable(uv_loop_t* loop, Listener* listener);
  virtual ~UdpSocket() = default;

  virtual int Open(const UdpOptions& options, const sockaddr* local) = 0;
  virtual int Connect(const sockaddr* peer) = 0;
  virtual int Start() = 0;
  // Copied; leaves with the next Flush. False when there is no room: it is dropped.
  bool Send(const Path& to, ByteView datagram) { return queue_.Add(to, datagram); }
  // Hands all that can be to the kernel; the rest follows by itself, and then OnDrained. An error is that of
  // an ICMP message, as of OnError; 0 for none.
  virtual int Flush() = 0;
  virtual int LocalAddress(sockaddr_storage* out) const = 0;
  virtual void Ref(bool refed) = 0;
  // Sends what can be sent, and then `closed` is called, later, with `data`; the socket can be deleted there.
  virtual void Close(void (*closed)(void*), void* data) = 0;

  SendQueue& queue() { return queue_; }

 protected:
  static void RefHandle(uv_handle_t* handle, bool refed) {
    if (refed) {
      uv_ref(handle);
    } else {
      uv_unref(handle);
    }
  }

  SendQueue queue_;
};

// Paths and the system's addresses. IPv4-mapped addresses are IPv4.
Path PathOf(const sockaddr* address);
// As a socket of that family takes it.
socklen_t AddressOf(const Path& path, bool ipv6, sockaddr_storage* out);

}  // namespace native_dtls
