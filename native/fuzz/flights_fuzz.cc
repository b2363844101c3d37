// What a handshake keeps: the flight that it sends again, and the records that wait. A flight, however it is
// cut and however often it is sent, says the same, in datagrams of the size that is due; of what waits, all
// comes back in order, once, and no more than there is room for.
#include <cstdlib>
#include <deque>
#include <map>

#include "core/handshake/flight_keeper.h"
#include "core/handshake/held_records.h"
#include "core/wire/byte_reader.h"
#include "fuzz/input.h"

using namespace native_dtls;

namespace {

constexpr Handle kHandle = 1;

// What a flight says: its records other than handshake ones, and its messages by number.
struct Said {
  std::vector<Bytes> others;
  std::map<uint16_t, Bytes> messages;

  void Add(ContentType type, ByteView body) {
    if (type != ContentType::kHandshake) return others.push_back(CopyOf(body));
    while (const auto fragment = TakeHandshakeFragment(body)) {
      Bytes& message = messages[fragment->message_seq];
      // Fragments of one flight come in order.
      if (message.size() != fragment->offset) std::abort();
      message.insert(message.end(), fragment->body.begin(), fragment->body.end());
    }
    if (!body.empty()) std::abort();
  }
  bool operator==(const Said&) const = default;
};

class Keeper {
 public:
  explicit Keeper(size_t mtu_bytes)
      : mtu_bytes_(mtu_bytes),
        flights_(&outbox_, kHandle, mtu_bytes, std::chrono::seconds(1), std::chrono::seconds(8)) {}

  void Run(Input input) {
    while (!input.empty()) Step(input);
  }

 private:
  enum Action : uint8_t {
    kMessage,
    kLongMessage,
    kChangeCipherSpec,
    kSend,
    kAgain,
    kByClock,
    kAnswer,
    kWait,
    kCount
  };

  void Step(Input& input) {
    switch (input.Byte() % kCount) {
      case kMessage:
        return Write(input.Take(input.Byte()));
      case kLongMessage:
        return Write(Bytes(input.Size() % 9000, 7));
      case kChangeCipherSpec:
        if (flights_.changed_cipher_spec()) return;
        return Collect({.type = ContentType::kChangeCipherSpec, .epoch = 0, .version = kDtls12, .body = {1}});
      case kSend:
        return Send();
      case kAgain:
        if (flights_.deadline() == kNever) return;
        flights_.SendAgain(now_, nullptr);
        return Sent();
      case kByClock:
        if (flights_.deadline() == kNever) return;
        flights_.SendAgainByClock(now_, nullptr);
        return Sent();
      case kAnswer:
        return flights_.NoteAnswer(now_);
      default:
        now_ += std::chrono::milliseconds(input.Byte());
        return;
    }
  }

  // As OpenSSL writes messages: each in fragments that fit its own MTU.
  void Write(ByteView message) {
    constexpr size_t kFragmentBytes = 4000;
    // Behind its ChangeCipherSpec OpenSSL says one thing, which is of epoch 1.
    if (flights_.changed_cipher_spec()) return;
    Flight again;
    size_t done = 0;
    do {
      const size_t size = std::min(message.size() - done, kFragmentBytes);
      FlightPart part{.type = ContentType::kHandshake,
                      .epoch = 0,
                      .version = kDtls12,
                      .body = Bytes(kHandshakeHeaderBytes + size)};
      uint8_t* at = PutInteger(part.body.data(), static_cast<uint8_t>(HandshakeType::kCertificate), 1);
      at = PutInteger(at, message.size(), 3);
      at = PutInteger(at, next_message_, 2);
      at = PutInteger(at, done, 3);
      at = PutInteger(at, size, 3);
      std::ranges::copy(message.subspan(done, size), at);
      Collect(part);
      again.push_back(std::move(part));
      done += size;
    } while (done < message.size());
    // What has been written already is not taken for something new.
    for (FlightPart& part : again) flights_.Collect(std::move(part));
    ++next_message_;
  }

  void Collect(const FlightPart& part) {
    collected_.Add(part.type, part.body);
    parts_.push_back(part);
    flights_.Collect(part);
  }

  void Send() {
    if (!parts_.empty()) {
      flight_ = std::exchange(collected_, {});
      CheckPacked(std::exchange(parts_, {}));
    }
    const bool sends = !outbox_.datagrams().empty();
    flights_.SendCollected(now_, nullptr);
    if (sends || !outbox_.datagrams().empty()) Sent();
  }

  static void CheckPacked(const Flight& flight) {
    const Flight unpacked = PackedFlight(flight).Unpack();
    const auto same = [](const FlightPart& a, const FlightPart& b) {
      return a.type == b.type && a.epoch == b.epoch && a.version == b.version && a.body == b.body;
    };
    if (!std::ranges::equal(flight, unpacked, same)) std::abort();
  }

  void Sent() {
    Said said;
    for (const auto& sent : outbox_.datagrams()) {
      if (sent.size > mtu_bytes_) std::abort();
      ByteView datagram = outbox_.BytesAt(sent.offset, sent.size);
      while (const auto record = TakeRecord(datagram)) {
        if (record->header.sequence < next_record_) std::abort();
        next_record_ = record->header.sequence + 1;
        said.Add(record->header.type, record->body);
      }
      if (!datagram.empty()) std::abort();
    }
    outbox_.Clear();
    if (said != flight_) std::abort();
  }

  const size_t mtu_bytes_;
  Outbox outbox_;
  FlightKeeper flights_;
  TimePoint now_{};
  uint16_t next_message_ = 0;
  uint64_t next_record_ = 0;
  Flight parts_;
  Said collected_;
  Said flight_;
};

// Against a list of all that was put in.
void Hold(Input input) {
  HeldRecords held;
  std::deque<Bytes> model;
  while (!input.empty()) {
    const uint8_t action = input.Byte();
    if (action == 0xff) {
      // In order of arrival: what is left is the model with holes.
      auto next = model.begin();
      size_t bytes = 0, records = 0;
      for (const Bytes& record : held.Take()) {
        next = std::find(next, model.end(), record);
        if (next++ == model.end()) std::abort();
        bytes += record.size();
        ++records;
      }
      if (bytes > 2 * HeldRecords::kMaxBytes || records > 2 * HeldRecords::kMaxRecords) std::abort();
      if (!held.empty()) std::abort();
      model.clear();
      continue;
    }
    const bool cleartext = action & 1;
    const Bytes body(action & 2 ? input.Size() % 20000 : action >> 2, input.Byte());
    const RecordHeader header{.type = ContentType::kHandshake,
                              .version = kDtls12,
                              .epoch = static_cast<uint16_t>(cleartext ? 0 : 1),
                              .sequence = 0};
    Bytes record(kRecordHeaderBytes + body.size());
    std::ranges::copy(body, PutRecordHeader(record.data(), header, body.size()));
    if (cleartext) {
      held.AddCleartext(header, body);
    } else {
      held.AddProtected(record);
    }
    model.push_back(std::move(record));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t mode = input.Byte();
  if (mode & 1) {
    Hold(input);
  } else {
    Keeper(256 + size_t{mode} * 15).Run(input);
  }
  return 0;
}
