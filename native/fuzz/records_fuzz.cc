// The readers of cleartext that stand before OpenSSL: records, fragments, the filter, PSK identities, what is
// read out of hellos. The first byte of the input says for whom: its bits are the role, Connection IDs, and
// the message that is due.
#include <cstdlib>
#include <memory>

#include "core/handshake/filter.h"
#include "core/handshake/psk_identity_reader.h"
#include "core/wire/path_message.h"
#include "core/wire/protocol_list.h"
#include "core/wire/server_hello.h"
#include "fuzz/input.h"

using namespace native_dtls;

namespace {

bool LiesIn(ByteView part, ByteView whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void ReadBody(const HandshakeFragment& fragment) {
  if (!fragment.is_whole_message()) return;
  if (fragment.type == HandshakeType::kServerHello) AnnouncesTicket(fragment.body);
  // An empty list has nothing in common with any other, and what is in common lies in the first.
  const auto common = FirstCommonProtocol(fragment.body, fragment.body);
  if (common && !LiesIn(*common, fragment.body)) std::abort();
  if (FirstCommonProtocol(fragment.body, {})) std::abort();
}

class Reader {
 public:
  explicit Reader(uint8_t mode)
      : role_(mode & 1 ? Role::kClient : Role::kServer), id_bytes_(mode & 2 ? 5 : 0), due_(mode >> 4) {}

  void Read(ByteView datagram) {
    const ByteView whole = datagram;
    size_t taken = 0;
    while (const auto record = TakeRecord(datagram, id_bytes_)) {
      taken += record->whole.size();
      if (!LiesIn(record->body, record->whole) || !LiesIn(record->whole, whole)) std::abort();
      if (!RefuseHandshakeRecord(*record)) ReadRecord(*record);
      if (const auto message = ReadPathMessage(record->body)) {
        if (!SameBytes(WritePathMessage(*message), record->body)) std::abort();
      }
    }
    if (taken + datagram.size() != whole.size()) std::abort();
    const auto name = identity_.identity();
    if (name && name->size() > PskIdentityReader::kMaxIdentityBytes) std::abort();
  }

 private:
  void ReadRecord(const Record& record) {
    ByteView body = record.body;
    if (body.empty() || body.size() > kMaxRecordBodyBytes) std::abort();
    while (const auto fragment = TakeHandshakeFragment(body)) {
      if (!LiesIn(fragment->body, record.body)) std::abort();
      ReadBody(*fragment);
      if (RefuseFragment(*fragment, role_, due_)) continue;
      if (fragment->offset + fragment->body.size() > kMaxHandshakeMessageBytes) std::abort();
      if (fragment->message_seq > due_ + kMaxMessagesAhead) std::abort();
      identity_.Add(*fragment);
    }
  }

  const Role role_;
  const size_t id_bytes_;
  const uint16_t due_;
  PskIdentityReader identity_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Reader reader(input.Byte());
  // In memory of exactly its size.
  const ByteView rest = input.Take(size);
  const auto memory = std::make_unique<uint8_t[]>(rest.size());
  std::ranges::copy(rest, memory.get());
  reader.Read({memory.get(), rest.size()});
  return 0;
}
