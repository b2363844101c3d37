// Watches whether a socket's receive buffer overflows, counts what the kernel drops there, and while hellos
// are what is too much has the kernel let only some of them in.
#pragma once
#ifdef __linux__

#include <uv.h>

#include <functional>
#include <span>

#include "io/hello_filter_linux.h"
#include "io/udp_socket.h"

namespace native_dtls {

class OverloadGuard {
 public:
  // `dropped` is told how many datagrams the kernel has dropped since.
  explicit OverloadGuard(std::function<void(uint64_t)> dropped) : dropped_(std::move(dropped)) {}

  // The descriptor must be open until Stop. `thins`: it may attach a filter.
  int Start(uv_loop_t* loop, int descriptor, bool thins);
  // A batch was received; `full` when there may be more. Before anybody deals with it.
  void NoteBatch(std::span<const UdpSocket::Received> batch, bool full);
  bool thinning() const { return thinning_.on(); }
  // The descriptor may be closed then.
  void Stop();
  // After Stop, and only once; `closed` is called later, and the object can be deleted there.
  void Close(std::function<void()> closed);

 private:
  // Reads how full the receive buffer is, and tells of drops. False when the system does not say.
  bool ReadMemory();
  void Begin();
  void Tick();
  bool Attach();
  void Detach();
  static TimePoint Now() { return TimePoint(Duration(static_cast<int64_t>(uv_hrtime() / 1000))); }

  const std::function<void(uint64_t)> dropped_;
  std::function<void()> closed_;
  uv_timer_t timer_;
  int descriptor_ = -1;
  bool thins_ = false;
  // The last batch was full: some may have been dropped.
  bool was_full_ = false;
  uint32_t drops_ = 0;
  HelloThinning thinning_;
  HelloThinning::Load load_;
  CircleKey key_;
  TimePoint key_made_at_;
};

}  // namespace native_dtls

#endif
