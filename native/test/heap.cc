#include "test/heap.h"

#if defined(__SANITIZE_ADDRESS__)
// AddressSanitizer's runtime has it; its header is not installed everywhere.
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#elif defined(__linux__)
#include <malloc.h>
#endif

namespace native_dtls {

std::optional<size_t> HeapBytesInUse() {
#if defined(__SANITIZE_ADDRESS__)
  return __sanitizer_get_current_allocated_bytes();
#elif defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return std::nullopt;
#endif
#else
  return std::nullopt;
#endif
}

}  // namespace native_dtls
