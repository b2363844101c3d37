// What the allocator keeps of memory that was freed.
#pragma once

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace native_dtls {

// Gives back to the system what lies free between what is in use, where that must be asked for. It takes
// about a millisecond, and what is needed again costs page faults: for when much was freed that nobody will
// ask for soon.
inline void ReturnFreeMemory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace native_dtls
