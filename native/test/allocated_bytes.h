// What this process holds of its allocator, OpenSSL's and V8's own structures included.
#pragma once

#include <cstddef>
#include <optional>

namespace native_dtls {

// Nothing where the allocator does not tell.
std::optional<size_t> AllocatedBytes();

}  // namespace native_dtls
