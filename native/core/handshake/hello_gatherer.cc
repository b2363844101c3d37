#include "core/handshake/hello_gatherer.h"

#include "core/handshake/filter.h"
#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

constexpr size_t kMessageAt = kRecordHeaderBytes + kHandshakeHeaderBytes;

}  // namespace

std::optional<HelloGatherer> HelloGatherer::Begin(ByteView datagram, Counters& counters) {
  if (!ParseClientHello(datagram)) return std::nullopt;
  const auto record = TakeRecord(datagram);
  ByteView body = record->body;
  HelloGatherer gatherer(record->header, *TakeHandshakeFragment(body));
  gatherer.AddAll(record->body, counters);
  gatherer.Receive(datagram, counters);
  return gatherer;
}

HelloGatherer::HelloGatherer(const RecordHeader& header, const HandshakeFragment& first)
    : record_sequence_(header.sequence),
      message_seq_(first.message_seq),
      record_(kMessageAt + first.message_length),
      present_(first.message_length),
      missing_bytes_(first.message_length) {
  uint8_t* at = PutRecordHeader(record_.data(), header, kHandshakeHeaderBytes + first.message_length);
  at = PutInteger(at, static_cast<uint8_t>(HandshakeType::kClientHello), 1);
  at = PutInteger(at, first.message_length, 3);
  at = PutInteger(at, first.message_seq, 2);
  at = PutInteger(at, 0, 3);
  PutInteger(at, first.message_length, 3);
}

void HelloGatherer::Receive(ByteView datagram, Counters& counters) {
  while (const auto record = TakeRecord(datagram)) {
    if (const auto reason = Refuse(*record)) {
      counters.Add(*reason);
      continue;
    }
    AddAll(record->body, counters);
  }
  if (!datagram.empty()) counters.Add(Counter::kDroppedMalformed);
}

void HelloGatherer::AddAll(ByteView fragments, Counters& counters) {
  while (!fragments.empty()) {
    const auto fragment = TakeHandshakeFragment(fragments);
    if (!fragment) return counters.Add(Counter::kDroppedMalformed);
    if (IsOfThisHello(*fragment)) {
      Add(*fragment);
    } else {
      counters.Add(Counter::kDroppedUnexpected);
    }
  }
}

// Nothing else can be due: the client waits for an answer to its hello.
std::optional<Counter> HelloGatherer::Refuse(const Record& record) {
  if (const auto reason = RefuseHandshakeRecord(record)) return reason;
  const bool may_be_hello = record.header.type == ContentType::kHandshake && record.header.epoch == 0;
  return may_be_hello ? std::nullopt : std::optional(Counter::kDroppedUnexpected);
}

bool HelloGatherer::IsOfThisHello(const HandshakeFragment& fragment) const {
  return fragment.type == HandshakeType::kClientHello && fragment.message_seq == message_seq_ &&
         fragment.message_length == present_.size();
}

void HelloGatherer::Add(const HandshakeFragment& fragment) {
  // Nearly every hello is one fragment.
  if (fragment.body.size() == missing_bytes_ && missing_bytes_ == present_.size()) {
    std::ranges::copy(fragment.body, record_.begin() + kMessageAt);
    present_.assign(present_.size(), true);
    missing_bytes_ = 0;
    return;
  }
  for (size_t i = 0; i < fragment.body.size(); ++i) {
    const size_t at = fragment.offset + i;
    if (present_[at]) continue;
    present_[at] = true;
    --missing_bytes_;
    record_[kMessageAt + at] = fragment.body[i];
  }
}

}  // namespace native_dtls
