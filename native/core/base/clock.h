// Time in the core is always an argument: a point on some monotonic clock, in microseconds.
#pragma once

#include <chrono>

namespace native_dtls {

using Duration = std::chrono::microseconds;

// A point in time, counted from an origin that only the caller knows.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

inline constexpr TimePoint kNever = TimePoint::max();

}  // namespace native_dtls
