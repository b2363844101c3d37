// Whatever may come to an established association: arbitrary bytes, and its peer's records repeated, changed,
// cut, or sealed around what no peer should say. What the peer has not sealed is never opened, what it has is
// opened once, a drop changes nothing, and no byte is written outside the room that the record's length asks
// for.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

#include "core/records/records.h"

using namespace native_dtls;

namespace {

constexpr uint64_t kTypes[] = {20, 21, 22, 23, 24, 25};

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}
  bool empty() const { return rest_.empty(); }
  uint8_t Byte() { return empty() ? 0 : Take(1)[0]; }
  ByteView Take(size_t size) {
    const ByteView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  ByteView rest_;
};

AeadPool& Pool() {
  static AeadPool pool;
  return pool;
}

TrafficKey Key(AeadAlgorithm algorithm, uint8_t byte) {
  return TrafficKey(algorithm, Bytes(32, byte), Bytes(kNonceBytes, byte), Pool().NewKeyId());
}

class Peers {
 public:
  Peers(AeadAlgorithm algorithm, Bytes connection_id)
      : connection_id_(connection_id),
        key_(Key(algorithm, 1)),
        receiver_(Key(algorithm, 2), Key(algorithm, 1), {.own = connection_id, .peer = {}}, &Pool()) {}

  void Run(Input input) {
    while (!input.empty()) Step(input);
  }

 private:
  enum Action : uint8_t { kArbitrary, kSeal, kSealRaw, kRepeat, kChange, kCut, kAhead, kCount };

  void Step(Input& input) {
    const uint8_t byte = input.Byte();
    switch (byte % kCount) {
      case kArbitrary:
        return Receive(input.Take(input.Byte()));
      case kSeal:
        return Seal(static_cast<ContentType>(kTypes[input.Byte() % std::size(kTypes)]), input);
      case kSealRaw:
        return SealRaw(input);
      case kRepeat:
        return Receive(CopyOf(last_));
      case kChange:
        return Change(input);
      case kCut: {
        const Bytes copy = CopyOf(last_);
        return Receive(ByteView(copy).first(input.Byte() % (copy.size() + 1)));
      }
      default:
        number_ += uint64_t{input.Byte()} << (input.Byte() % 40);
        number_ &= (uint64_t{1} << 48) - 1;
        return;
    }
  }

  RecordHeader Header(ContentType type) {
    number_ = (number_ + 1) & ((uint64_t{1} << 48) - 1);
    return {.type = type, .version = kDtls12, .epoch = 1, .sequence = number_};
  }

  void Seal(ContentType type, Input& input) {
    const ByteView plaintext = input.Take(input.Byte());
    last_.assign(ProtectedBytes(key_, connection_id_.size(), plaintext.size()), 0);
    if (!Protect(Pool(), key_, Header(type), connection_id_, plaintext, last_.data())) std::abort();
    sealed_.insert(last_);
    Receive(last_);
  }

  // The inner plaintext of a record with a Connection ID as the input has it: zeroes, no type, any type.
  void SealRaw(Input& input) {
    if (connection_id_.empty()) return Seal(static_cast<ContentType>(input.Byte()), input);
    const Bytes zeroes(input.Byte(), 0);
    const ByteView given = input.Take(input.Byte() % 16);
    Bytes plaintext = CopyOf(given);
    plaintext.insert(plaintext.end(), zeroes.begin(), zeroes.end());
    last_.assign(ProtectedBytes(key_, connection_id_.size(), plaintext.size()), 0);
    if (!Protect(Pool(), key_, Header(ContentType{0}), connection_id_, plaintext, last_.data())) std::abort();
    sealed_.insert(last_);
    Receive(last_);
  }

  void Change(Input& input) {
    Bytes copy = CopyOf(last_);
    if (copy.empty()) return;
    const size_t at = (size_t{input.Byte()} << 8 | input.Byte()) % copy.size();
    copy[at] ^= input.Byte();
    Receive(copy);
  }

  void Receive(ByteView given) {
    // In memory of exactly its size.
    const auto memory = std::make_unique<uint8_t[]>(given.size());
    std::ranges::copy(given, memory.get());
    ByteView datagram(memory.get(), given.size());
    while (const auto record = TakeRecord(datagram, connection_id_.size())) Judge(*record);
  }

  void Judge(const Record& record) {
    const Records::Saved before = receiver_.Save();
    const auto refused = receiver_.Refuse(record);
    if (!Same(before, receiver_.Save())) std::abort();
    if (refused) return;
    const auto out = std::make_unique<uint8_t[]>(record.body.size());
    const auto opened = receiver_.Open(record, out.get());
    const bool verified =
        !std::holds_alternative<Counter>(opened) || std::get<Counter>(opened) != Counter::kDroppedForged;
    if (verified ? !IsSealed(record, out.get()) : sealed_.contains(CopyOf(record.whole))) std::abort();
    if (!verified && !Same(before, receiver_.Save())) std::abort();
    // What has verified, whatever it held, does not come again.
    if (verified && receiver_.Refuse(record) != Counter::kDroppedReplayed) std::abort();
    if (const auto* message = std::get_if<Records::Message>(&opened)) CheckMessage(record, *message);
  }

  // Whether the key makes this record, and no other, of what was opened. (What was sealed here is no list of
  // all that may verify: the keys are always the same, and the fuzzer learns.)
  bool IsSealed(const Record& record, const uint8_t* inner) {
    RecordHeader header = record.header;
    size_t size = record.body.size() - key_.shape().overhead_bytes();
    // Sealing puts the type behind the plaintext.
    if (!connection_id_.empty()) header.type = static_cast<ContentType>(inner[--size]);
    Bytes again(record.whole.size());
    return Protect(Pool(), key_, header, connection_id_, ByteView(inner, size), again.data()) &&
           again == CopyOf(record.whole);
  }

  static void CheckMessage(const Record& record, const Records::Message& message) {
    if (message.size > record.body.size() || message.size > kMaxPlaintextBytes) std::abort();
    if (message.type != ContentType::kApplicationData && message.type != ContentType::kAlert &&
        message.type != ContentType::kHandshake) {
      std::abort();
    }
  }

  static bool Same(const Records::Saved& a, const Records::Saved& b) {
    return a.next_write == b.next_write && a.window.next == b.window.next && a.window.words == b.window.words;
  }

  const Bytes connection_id_;
  const TrafficKey key_;
  Records receiver_;
  uint64_t number_ = 0;
  Bytes last_;
  std::set<Bytes> sealed_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kIdBytes[] = {0, 1, 8, 255};
  Input input(data, size);
  const uint8_t mode = input.Byte();
  const auto algorithm = static_cast<AeadAlgorithm>(mode % kAeadAlgorithms);
  Peers(algorithm, Bytes(kIdBytes[mode / kAeadAlgorithms % std::size(kIdBytes)], 3)).Run(input);
  return 0;
}
