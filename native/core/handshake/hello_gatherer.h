// Puts a ClientHello together from its fragments (RFC 6347 section 4.2.3), so that nothing of OpenSSL's is
// made for half of one, and so that all that it asks for can be read before the handshake begins.
#pragma once

#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/counters.h"
#include "core/wire/client_hello.h"
#include "core/wire/handshake_message.h"
#include "core/wire/record.h"

namespace native_dtls {

class HelloGatherer {
 public:
  // Begins with a datagram at whose head ParseClientHello finds a first fragment; nothing when it does not.
  static std::optional<HelloGatherer> Begin(ByteView datagram, Counters& counters);

  // What has been read already is not read again: nobody can change it.
  void Receive(ByteView datagram, Counters& counters);

  bool whole() const { return missing_bytes_ == 0; }
  // All of it in one record, with the number of the first fragment's; once it is whole.
  ByteView record() const { return record_; }
  uint64_t record_sequence() const { return record_sequence_; }

 private:
  HelloGatherer(const RecordHeader& header, const HandshakeFragment& first);

  static std::optional<Counter> Refuse(const Record& record);
  void AddAll(ByteView fragments, Counters& counters);
  bool IsOfThisHello(const HandshakeFragment& fragment) const;
  void Add(const HandshakeFragment& fragment);

  uint64_t record_sequence_;
  uint16_t message_seq_;
  Bytes record_;
  // For each byte of the message whether it has come.
  std::vector<bool> present_;
  size_t missing_bytes_;
};

}  // namespace native_dtls
