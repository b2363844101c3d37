// Asks the processor for memory that will be needed soon.
#pragma once

namespace native_dtls {

inline void Prefetch([[maybe_unused]] const void* address) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(address);
#endif
}

}  // namespace native_dtls
