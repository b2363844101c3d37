#include "io/hello_thinning.h"

#include <algorithm>
#include <cmath>

namespace native_dtls {

namespace {

// Rounds of the arc a second. With tries after 0, 1, 3, 7, 15, ... 55 s, which is what this library's clients
// do, no two neighbours of the ten places are further apart than 0.16 of the circle; with those of 31 s, 0.3.
// An arc of that width stays on a sender for more than a second: long enough for the cookie to come back.
constexpr double kRoundsPerSecond = 0.089;

constexpr double kFirstChance = 0.5;

double Held(double share) { return std::clamp(share, HelloThinning::kLeast, 1.0); }

}  // namespace

void HelloThinning::Begin() {
  on_ = true;
  arc_ = 1;
  chance_ = kFirstChance;
}

void HelloThinning::Look(const Load& load) {
  if (!on_) return;
  if (load.fill >= kHighFill && HellosAreMost(load)) {
    if (!load.drained) {
      chance_ = Held(chance_ * (load.fill >= kAlmostFull ? 0.5 : 0.85));
    } else if (load.fill >= kAlmostFull) {
      // There is time enough, but it does not come evenly.
      chance_ = Held(chance_ * 0.93);
    }
  } else if (load.drained || load.fill >= kHighFill) {
    // There is time left; or what fills the buffer is something else, and less of hellos does not help.
    if (chance_ == 1 && arc_ == 1) {
      on_ = false;
    } else if (chance_ < 1) {
      chance_ = Held(chance_ * 1.25);
    } else {
      arc_ = Held(arc_ * 1.03);
    }
  }
  // What chance does today the arc shall do tomorrow. Slowly: a pause of the server is no reason to hear
  // fewer.
  if (chance_ < 1) arc_ = Held(arc_ * 0.98);
}

HelloThinning::Share HelloThinning::ShareAt(TimePoint now) const {
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  const double rounds = seconds * kRoundsPerSecond;
  return {
      .first = static_cast<uint32_t>((rounds - std::floor(rounds)) * kCircle),
      .width = static_cast<uint32_t>(arc_ * kCircle),
      .chance = static_cast<uint32_t>(chance_ * UINT32_MAX),
  };
}

}  // namespace native_dtls
