// Whatever may come to an established association: arbitrary bytes, and its peer's records repeated, changed,
// cut, or sealed around what no peer should say. What the peer has not sealed is never opened, what it has is
// opened once, a drop changes nothing, and no byte is written outside the room that the record's length asks
// for.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

#include "core/records/records.h"
#include "fuzz/input.h"

using namespace native_dtls;

namespace {

constexpr uint64_t kTypes[] = {20, 21, 22, 23, 24, 25};

AeadPool& Pool() {
  static AeadPool pool;
  return pool;
}

// Of its own, so that the two forms keep their contexts.
AeadPool& GeneralPool() {
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

  // From the beginning, but with keys and contexts that are there: making them takes longer than all else.
  void Run(Input input) {
    receiver_.Restore({});
    number_ = 0;
    last_.clear();
    sealed_.clear();
    for (int steps = 0; steps < kMaxSteps && !input.empty(); ++steps) Step(input);
  }

 private:
  // What more steps could show, shorter inputs show sooner.
  static constexpr int kMaxSteps = 48;

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
    if (receiver_.Refuse(record)) return;
    const Records::Saved before = receiver_.Save();
    // In memory of exactly its size, which holds nothing that could be taken for a plaintext.
    const size_t bytes = record.body.size();
    const auto room = std::make_unique<uint8_t[]>(bytes);
    const auto opened = receiver_.Open(record, room.get());
    const bool verified =
        !std::holds_alternative<Counter>(opened) || std::get<Counter>(opened) != Counter::kDroppedForged;
    const Records::Saved after = receiver_.Save();
    if (verified) {
      if (!IsSealed(record, room.get())) std::abort();
      if (after.use.forged != before.use.forged) std::abort();
      // What has verified, whatever it held, does not come again.
      if (receiver_.Refuse(record) != Counter::kDroppedReplayed) std::abort();
    } else {
      if (sealed_.contains(CopyOf(record.whole)) || OpensInGeneralForm(record, nullptr)) std::abort();
      if (!std::all_of(room.get(), room.get() + bytes, [](uint8_t byte) { return byte == 0; })) std::abort();
      if (!SameWindow(before, after) || after.use.forged != before.use.forged + 1) std::abort();
    }
    if (const auto* message = std::get_if<Records::Message>(&opened)) {
      CheckMessage(record, *message, {room.get(), bytes});
    }
  }

  // Whether the key makes this record, and no other, of what was opened. (What was sealed here is no list of
  // all that may verify: the keys are always the same, and the fuzzer learns.)
  bool IsSealed(const Record& record, const uint8_t* room) {
    // CCM opens a plain record where it lies, behind its nonce.
    const bool record_form = key_.shape().has_record_form && connection_id_.empty();
    const uint8_t* inner = record_form ? room + key_.shape().explicit_nonce_bytes : room;
    RecordHeader header = record.header;
    size_t size = record.body.size() - key_.shape().overhead_bytes();
    if (!OpensInGeneralForm(record, inner)) return false;
    // Sealing puts the type behind the plaintext.
    if (!connection_id_.empty()) header.type = static_cast<ContentType>(inner[--size]);
    Bytes again(record.whole.size());
    return Protect(Pool(), key_, header, connection_id_, ByteView(inner, size), again.data()) &&
           SameBytes(again, record.whole);
  }

  static uint64_t Number(const Record& record) {
    return uint64_t{record.header.epoch} << 48 | record.header.sequence;
  }

  // A second opinion on plain records, which may have gone through OpenSSL's form for those of TLS. True
  // where there is none to be had.
  bool OpensInGeneralForm(const Record& record, const uint8_t* expected) const {
    const AeadShape& shape = key_.shape();
    if (!shape.has_record_form || !connection_id_.empty()) return expected != nullptr;
    const size_t size = record.body.size() - shape.overhead_bytes();
    Nonce nonce{};
    std::ranges::copy(key_.fixed_iv(), nonce.begin());
    if (shape.explicit_nonce_bytes == 0) {
      uint8_t number[8];
      PutInteger(number, Number(record), sizeof(number));
      for (size_t i = 0; i < sizeof(number); ++i) nonce[nonce.size() - sizeof(number) + i] ^= number[i];
    } else {
      std::ranges::copy(record.body.first(shape.explicit_nonce_bytes), nonce.begin() + shape.fixed_iv_bytes);
    }
    uint8_t additional[RecordAdditional::kBytes];
    RecordAdditional{.number = Number(record),
                     .version = record.header.version,
                     .type = static_cast<uint8_t>(record.header.type)}
        .Write(additional, size);
    Bytes plaintext(size);
    return GeneralPool().Open(key_, nonce, additional, record.body.subspan(shape.explicit_nonce_bytes),
                              plaintext.data()) &&
           (expected == nullptr || SameBytes(plaintext, {expected, size}));
  }

  static void CheckMessage(const Record& record, const Records::Message& message, ByteView room) {
    const ByteView plaintext = message.plaintext;
    if (plaintext.size() > record.body.size() || plaintext.size() > kMaxPlaintextBytes) std::abort();
    if (plaintext.data() < room.data() || plaintext.data() + plaintext.size() > room.data() + room.size()) {
      std::abort();
    }
    if (message.type != ContentType::kApplicationData && message.type != ContentType::kAlert &&
        message.type != ContentType::kHandshake) {
      std::abort();
    }
  }

  static bool SameWindow(const Records::Saved& a, const Records::Saved& b) {
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
  static std::array<std::unique_ptr<Peers>, kAeadAlgorithms * std::size(kIdBytes)> all;
  Input input(data, size);
  const size_t mode = input.Byte() % all.size();
  auto& peers = all[mode];
  if (!peers) {
    const auto algorithm = static_cast<AeadAlgorithm>(mode % kAeadAlgorithms);
    peers = std::make_unique<Peers>(algorithm, Bytes(kIdBytes[mode / kAeadAlgorithms], 3));
  }
  peers->Run(input);
  return 0;
}
