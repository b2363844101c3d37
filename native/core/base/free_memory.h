// What the allocator keeps of memory that was freed.
#pragma once

// Says which C library it is.
#include <cstddef>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace native_dtls {

// Gives back to the system what lies free between what is in use, where that must be asked for. It takes
// longer the more pieces lie free (20,000 of them 10 ms), and what is needed again costs page faults: for
// seldom, when much was freed that nobody will ask for soon.
inline void ReturnFreeMemory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace native_dtls
