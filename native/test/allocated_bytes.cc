#include "test/allocated_bytes.h"

#include <cstdlib>

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
#define NATIVE_DTLS_HAS_MALLINFO2
#include <malloc.h>
#endif
#endif

namespace native_dtls {

std::optional<size_t> AllocatedBytes() {
#ifdef NATIVE_DTLS_HAS_MALLINFO2
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return std::nullopt;
#endif
}

}  // namespace native_dtls
