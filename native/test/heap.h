// What the process has asked of its allocator: what something pins is seen by it, whoever has allocated it.
#pragma once

#include <cstddef>
#include <optional>

namespace native_dtls {

// Bytes in use, of all threads; nothing where the allocator does not tell.
std::optional<size_t> HeapBytesInUse();

}  // namespace native_dtls
