// The part of a ServerHello that a client must read beside OpenSSL.
#pragma once

#include "core/base/bytes.h"

namespace native_dtls {

// Whether a ServerHello (its body, without the header of the message) announces a NewSessionTicket (RFC 5077
// section 3.2).
bool AnnouncesTicket(ByteView server_hello);

}  // namespace native_dtls
