#include "core/wire/server_hello.h"

#include "core/wire/byte_reader.h"

namespace native_dtls {

bool AnnouncesTicket(ByteView server_hello) {
  constexpr uint64_t kSessionTicketExtension = 35;
  constexpr size_t kVersionBytes = 2, kRandomBytes = 32, kSuiteBytes = 2, kCompressionBytes = 1;
  ByteReader reader(server_hello);
  reader.Take(kVersionBytes + kRandomBytes);
  reader.Vector(1);
  reader.Take(kSuiteBytes + kCompressionBytes);
  ByteReader extensions(reader.Vector(2));
  while (extensions.ok() && !extensions.rest().empty()) {
    const uint64_t type = extensions.Integer(2);
    extensions.Vector(2);
    if (extensions.ok() && type == kSessionTicketExtension) return true;
  }
  return false;
}

}  // namespace native_dtls
