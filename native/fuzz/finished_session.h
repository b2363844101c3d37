// A session that a client can offer: of a handshake that was completed here.
#pragma once

#include "core/base/bytes.h"

namespace native_dtls {

// Made once; as Endpoint::Start takes it.
ByteView FinishedSession(bool with_certificates);

}  // namespace native_dtls
