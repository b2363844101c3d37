// The door in front of OpenSSL while it shakes hands: says why a record must not come in. It reads the
// cleartext parts alone and keeps no state.
#pragma once

#include <optional>

#include "core/base/counters.h"
#include "core/handshake/role.h"
#include "core/wire/handshake_message.h"
#include "core/wire/record.h"

namespace native_dtls {

// The longest handshake message let in unless told otherwise, in bytes; what a peer can make OpenSSL allocate
// for one that never comes. It is OpenSSL's own bound for all but certificates.
inline constexpr uint32_t kMaxHandshakeMessageBytes = 16384;

// How far ahead of the message that is due a fragment may be. OpenSSL keeps up to ten; the longest flight has
// six.
inline constexpr uint16_t kMaxMessagesAhead = 8;

// Nothing when the record may be looked into.
std::optional<Counter> RefuseHandshakeRecord(const Record& record);

// Nothing when the fragment of an epoch-0 handshake record may be given to OpenSSL. `next_message_seq` is the
// message that OpenSSL waits for, `role` the side that it comes to.
std::optional<Counter> RefuseFragment(const HandshakeFragment& fragment, Role role, uint16_t next_message_seq,
                                      size_t max_message_bytes = kMaxHandshakeMessageBytes);

}  // namespace native_dtls
