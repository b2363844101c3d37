// CPU time of a measured server, and of the process that measures it. Linux only.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>

namespace native_dtls {

class CpuTimes {
 public:
  explicit CpuTimes(pid_t server) {
    if (clock_getcpuclockid(server, &server_) != 0) {
      std::fprintf(stderr, "there is no server\n");
      std::exit(1);
    }
  }
  void Start() {
    server_before_ = SecondsOf(server_);
    own_before_ = SecondsOf(CLOCK_PROCESS_CPUTIME_ID);
  }
  double ServerSeconds() const { return SecondsOf(server_) - server_before_; }
  double OwnSeconds() const { return SecondsOf(CLOCK_PROCESS_CPUTIME_ID) - own_before_; }

 private:
  static double SecondsOf(clockid_t clock) {
    timespec time{};
    if (clock_gettime(clock, &time) != 0) {
      std::fprintf(stderr, "the server's CPU time cannot be read\n");
      std::exit(1);
    }
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }

  clockid_t server_;
  double server_before_ = 0;
  double own_before_ = 0;
};

}  // namespace native_dtls
