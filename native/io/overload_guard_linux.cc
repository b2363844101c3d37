#ifdef __linux__
#include "io/overload_guard_linux.h"

#include <linux/sock_diag.h>
#include <sys/random.h>
#include <sys/socket.h>

namespace native_dtls {

namespace {

// Nobody has that long to find out who stands where.
constexpr Duration kKeyLifetime = std::chrono::minutes(2);

// Datagrams, of a socket that has no filter.
constexpr uint64_t kRemembered = 4096;

bool MakeKey(CircleKey& key) {
  if (getrandom(key.data(), sizeof(key), GRND_NONBLOCK) != sizeof(key)) return false;
  for (uint32_t& factor : key) factor |= 1;
  return true;
}

}  // namespace

int OverloadGuard::Start(uv_loop_t* loop, int descriptor, bool thins) {
  descriptor_ = descriptor;
  thins_ = thins;
  timer_.data = this;
  const int error = uv_timer_init(loop, &timer_);
  // It holds nobody.
  if (error == 0) uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
  return error;
}

void OverloadGuard::NoteBatch(std::span<const UdpSocket::Received> batch, bool full) {
  const bool may_have_dropped = full || was_full_;
  was_full_ = full;
  if (!full) load_.drained = true;
  // While nothing is too much, nothing is looked at.
  if (!may_have_dropped && !thinning_.on()) return;
  for (const auto& [path, datagram] : batch) ++(IsHello(datagram) ? load_.hellos : load_.others);
  if (thinning_.on() || !ReadMemory()) return;
  const bool needed = thins_ && HelloThinning::IsNeeded(load_);
  if (needed) Begin();
  // What came long ago says nothing about now.
  if (needed || !full || load_.hellos + load_.others >= kRemembered) load_ = {};
}

void OverloadGuard::Begin() {
  thinning_.Begin();
  if (!Attach()) {
    // Then it goes on as it would without a filter.
    thins_ = false;
    thinning_ = {};
    return;
  }
  constexpr auto kPeriodMs = std::chrono::duration_cast<std::chrono::milliseconds>(HelloThinning::kPeriod);
  const auto tick = [](uv_timer_t* timer) { static_cast<OverloadGuard*>(timer->data)->Tick(); };
  uv_timer_start(&timer_, tick, kPeriodMs.count(), kPeriodMs.count());
}

void OverloadGuard::Tick() {
  if (!ReadMemory()) return Detach();
  if (load_.fill == 0) load_.drained = true;
  thinning_.Look(load_);
  load_ = {};
  if (!thinning_.on() || !Attach()) Detach();
}

bool OverloadGuard::ReadMemory() {
  std::array<uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof(memory);
  if (getsockopt(descriptor_, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return false;
  load_.fill = static_cast<double>(memory[SK_MEMINFO_RMEM_ALLOC]) / std::max(1U, memory[SK_MEMINFO_RCVBUF]);
  // The kernel's number is one of 32 bits, and goes round.
  const uint32_t drops = memory[SK_MEMINFO_DROPS] - drops_;
  drops_ = memory[SK_MEMINFO_DROPS];
  if (drops > 0) dropped_(drops);
  return true;
}

bool OverloadGuard::Attach() {
  const TimePoint now = Now();
  if (key_made_at_ == TimePoint() || now - key_made_at_ >= kKeyLifetime) {
    if (!MakeKey(key_)) return false;
    key_made_at_ = now;
  }
  auto instructions = HelloFilter(thinning_.ShareAt(now), key_);
  const sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
  return setsockopt(descriptor_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

void OverloadGuard::Detach() {
  thinning_ = {};
  uv_timer_stop(&timer_);
  const int ignored = 0;
  setsockopt(descriptor_, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof(ignored));
}

void OverloadGuard::Stop() { uv_timer_stop(&timer_); }

void OverloadGuard::Close(std::function<void()> closed) {
  closed_ = std::move(closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_),
           [](uv_handle_t* handle) { static_cast<OverloadGuard*>(handle->data)->closed_(); });
}

}  // namespace native_dtls

#endif
