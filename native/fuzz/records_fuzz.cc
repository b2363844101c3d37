// The readers of cleartext that stand before OpenSSL: records, fragments, the filter, PSK identities.
#include <cstdlib>

#include "core/handshake/filter.h"
#include "core/handshake/psk_identity_reader.h"

using namespace native_dtls;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteView datagram(data, size);
  PskIdentityReader identity;
  size_t taken = 0;
  while (const auto record = TakeRecord(datagram)) {
    taken += record->whole.size();
    if (RefuseHandshakeRecord(*record)) continue;
    ByteView body = record->body;
    while (const auto fragment = TakeHandshakeFragment(body)) {
      if (RefuseFragment(*fragment, Role::kServer, 2)) continue;
      if (fragment->offset + fragment->body.size() > kMaxHandshakeMessageBytes) std::abort();
      identity.Add(*fragment);
    }
  }
  if (taken + datagram.size() != size) std::abort();
  if (identity.identity() && identity.identity()->size() > PskIdentityReader::kMaxIdentityBytes) std::abort();
  return 0;
}
