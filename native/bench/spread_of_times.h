// Times by the million in little memory, and their quantiles, within 2 %.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace native_dtls {

class SpreadOfTimes {
 public:
  void Add(uint64_t nanoseconds) {
    ++counts_[PlaceOf(nanoseconds)];
    ++total_;
  }
  // Not more than a share of `share` is shorter. Zero when there are none.
  double QuantileNs(double share) const {
    const double wanted = share * static_cast<double>(total_);
    uint64_t passed = 0;
    for (size_t place = 0; place < counts_.size(); ++place) {
      passed += counts_[place];
      if (counts_[place] > 0 && static_cast<double>(passed) >= wanted) return MiddleOf(place);
    }
    return 0;
  }

 private:
  // Each doubling has so many places.
  static constexpr unsigned kBits = 5;
  static constexpr uint64_t kPlaces = 1 << kBits;

  static size_t PlaceOf(uint64_t value) {
    if (value < kPlaces) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (shift + 1) * kPlaces + ((value >> shift) - kPlaces);
  }
  static double MiddleOf(size_t place) {
    if (place < kPlaces) return static_cast<double>(place);
    const uint64_t shift = place / kPlaces - 1;
    const uint64_t least = (kPlaces + place % kPlaces) << shift;
    return static_cast<double>(least) + static_cast<double>(uint64_t{1} << shift) / 2;
  }

  std::array<uint64_t, kPlaces * (65 - kBits)> counts_{};
  uint64_t total_ = 0;
};

}  // namespace native_dtls
