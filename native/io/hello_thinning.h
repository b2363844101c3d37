// How many of the ClientHellos that arrive a server still looks at when they are more than it can answer.
// Every sender (address and port) gets its turn: the senders stand on a circle, in an order that nobody else
// knows, and an arc of it moves round; who stands in the arc is heard. The arc's width is what the server can
// answer.
//
// Chance alone would serve honest clients worse. Who is refused asks again, after 1, 2, 4 s and so on; the
// arc moves so that the tries of one client fall on places of the circle that lie far apart. An arc of 0.16
// hears each at least once in ten tries; with a chance of 0.16 a sixth of them would ask in vain.
//
// It knows neither sockets nor DTLS, and has no clock.
#pragma once

#include <cstdint>

#include "core/base/clock.h"

namespace native_dtls {

class HelloThinning {
 public:
  // What has happened since the last look.
  struct Load {
    // Datagrams that were received.
    uint64_t hellos = 0;
    uint64_t others = 0;
    // Of the receive buffer, now.
    double fill = 0;
    // It was empty at some time.
    bool drained = false;
  };
  // Whom to hear.
  struct Share {
    // The arc, in parts of a circle of 2^16.
    uint32_t first;
    uint32_t width;
    // Who stands in it is heard when a random number of 32 bits is not above this.
    uint32_t chance;
  };

  // How often to look while it is on.
  static constexpr Duration kPeriod = std::chrono::milliseconds(25);
  static constexpr uint32_t kCircle = 1 << 16;
  // However large the flood: nobody is shut out.
  static constexpr double kLeast = 1.0 / 16;

  // Whether hellos are what is too much, so that thinning helps.
  static bool IsNeeded(const Load& load) { return load.fill >= kHighFill && HellosAreMost(load); }

  bool on() const { return on_; }
  void Begin();
  // May end it.
  void Look(const Load& load);
  Share ShareAt(TimePoint now) const;

 private:
  static constexpr double kHighFill = 0.5;
  static constexpr double kAlmostFull = 0.8;

  // A hello is answered, which takes many times as long as to drop what is nobody's.
  static bool HellosAreMost(const Load& load) {
    constexpr uint64_t kHelloWork = 8;
    return load.hellos * kHelloWork > load.others;
  }

  bool on_ = false;
  // The arc, as a share of the circle. It follows slowly: when all is well it alone decides.
  double arc_ = 1;
  // Within the arc. It follows at once, and helps where the arc cannot: against a flood that has one address.
  double chance_ = 1;
};

}  // namespace native_dtls
