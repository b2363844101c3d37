// Lists of application protocols (RFC 7301 section 3.1): names of 1 to 255 bytes, each behind its length.
#pragma once

#include <optional>

#include "core/base/bytes.h"

namespace native_dtls {

// The first of `preferred` that is among `offered`. Nothing when there is none; what cannot be read ends a
// list.
std::optional<ByteView> FirstCommonProtocol(ByteView preferred, ByteView offered);

}  // namespace native_dtls
