#include "bench/record_benchmark.h"

#include <array>
#include <chrono>
#include <random>
#include <vector>

#include "bench/bare_cipher.h"
#include "core/records/records.h"
#include "test/ssl_pair.h"

namespace native_dtls {

namespace {

// What is opened is sealed before, untimed, so many at a time: enough to hide what reading the clock costs,
// and few enough to stay in the nearest cache.
constexpr size_t kBurst = 32;
constexpr size_t kFixedSeed = 1;

struct Setting {
  const CipherSuite* suite;
  size_t bytes;
  size_t connection_id_bytes;
  size_t associations;
  bool in_random_order;

  // What a record with a Connection ID asks of the cipher (RFC 9146 section 5.3): the type inside, and more
  // additional data.
  size_t inner_bytes() const { return bytes + (connection_id_bytes > 0 ? 1 : 0); }
  size_t additional_bytes() const {
    return connection_id_bytes > 0 ? 23 + connection_id_bytes : BareCipher::kAdditionalBytes;
  }
};

// Who is next.
class Turns {
 public:
  explicit Turns(const Setting& setting) : order_(setting.associations) {
    for (size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<uint32_t>(i);
    if (setting.in_random_order) std::ranges::shuffle(order_, std::mt19937(kFixedSeed));
  }
  size_t Next() {
    if (at_ == order_.size()) at_ = 0;
    return order_[at_++];
  }

 private:
  std::vector<uint32_t> order_;
  size_t at_ = 0;
};

// The records of a burst, and whose they are.
class Burst {
 public:
  explicit Burst(size_t record_bytes) : record_bytes_(record_bytes), bytes_(record_bytes * kBurst) {}
  uint8_t* at(size_t i) { return bytes_.data() + record_bytes_ * i; }
  ByteView view(size_t i) const { return ByteView(bytes_).subspan(record_bytes_ * i, record_bytes_); }
  size_t& owner(size_t i) { return owners_[i]; }

 private:
  size_t record_bytes_;
  Bytes bytes_;
  std::array<size_t, kBurst> owners_{};
};

std::vector<std::array<uint8_t, 32>> RandomKeys(size_t count) {
  std::mt19937 random(kFixedSeed);
  std::vector<std::array<uint8_t, 32>> keys(count);
  for (auto& key : keys) {
    for (auto& byte : key) byte = static_cast<uint8_t>(random());
  }
  return keys;
}

std::vector<Records> MakeRecords(const Setting& setting, AeadPool& pool) {
  std::vector<Records> made;
  made.reserve(setting.associations);
  for (const auto& bytes : RandomKeys(setting.associations)) {
    const auto key = [&] {
      return TrafficKey(setting.suite->algorithm, bytes, ByteView(bytes).first(12), pool.NewKeyId());
    };
    const Bytes id(setting.connection_id_bytes, 1);
    made.emplace_back(key(), key(), ConnectionIds{.own = id, .peer = id}, &pool);
  }
  return made;
}

template <BareCipher::Form kForm>
class BareSeal {
 public:
  explicit BareSeal(const Setting& setting)
      : rekeys_(setting.associations > 1),
        keys_(RandomKeys(setting.associations)),
        turns_(setting),
        cipher_(setting.suite->shape(), true, kForm, setting.additional_bytes()),
        plaintext_(setting.inner_bytes()),
        out_(cipher_.SealedBytes(plaintext_.size())) {
    cipher_.Seal(keys_[0].data(), 0, plaintext_, out_.data());
  }
  bool Prepare() { return true; }
  bool Step(size_t) {
    const uint8_t* key = rekeys_ ? keys_[turns_.Next()].data() : nullptr;
    return cipher_.Seal(key, ++number_, plaintext_, out_.data());
  }

 private:
  bool rekeys_;
  std::vector<std::array<uint8_t, 32>> keys_;
  Turns turns_;
  BareCipher cipher_;
  Bytes plaintext_;
  Bytes out_;
  uint64_t number_ = 0;
};

template <BareCipher::Form kForm>
class BareOpen {
 public:
  explicit BareOpen(const Setting& setting)
      : rekeys_(setting.associations > 1),
        keys_(RandomKeys(setting.associations)),
        turns_(setting),
        sealing_(setting.suite->shape(), true, kForm, setting.additional_bytes()),
        opening_(setting.suite->shape(), false, kForm, setting.additional_bytes()),
        plaintext_(setting.inner_bytes()),
        burst_(sealing_.SealedBytes(plaintext_.size())),
        out_(sealing_.SealedBytes(plaintext_.size())) {
    Prepare();
    opening_.Open(keys_[burst_.owner(0)].data(), number_ - kBurst, burst_.view(0), out_.data());
  }
  bool Prepare() {
    for (size_t i = 0; i < kBurst; ++i) {
      burst_.owner(i) = turns_.Next();
      if (!sealing_.Seal(keys_[burst_.owner(i)].data(), number_++, plaintext_, burst_.at(i))) return false;
    }
    return true;
  }
  bool Step(size_t i) {
    const uint8_t* key = rekeys_ ? keys_[burst_.owner(i)].data() : nullptr;
    return opening_.Open(key, number_ - kBurst + i, burst_.view(i), out_.data());
  }

 private:
  bool rekeys_;
  std::vector<std::array<uint8_t, 32>> keys_;
  Turns turns_;
  BareCipher sealing_;
  BareCipher opening_;
  Bytes plaintext_;
  Burst burst_;
  Bytes out_;
  uint64_t number_ = 0;
};

class RecordsSeal {
 public:
  explicit RecordsSeal(const Setting& setting)
      : records_(MakeRecords(setting, pool_)),
        turns_(setting),
        plaintext_(setting.bytes),
        out_(records_[0].SealedBytes(setting.bytes)) {}
  bool Prepare() { return true; }
  bool Step(size_t) {
    return records_[turns_.Next()].Seal(ContentType::kApplicationData, plaintext_, out_.data());
  }

 private:
  AeadPool pool_;
  std::vector<Records> records_;
  Turns turns_;
  Bytes plaintext_;
  Bytes out_;
};

class RecordsOpen {
 public:
  explicit RecordsOpen(const Setting& setting)
      : senders_(MakeRecords(setting, sending_pool_)),
        receivers_(MakeRecords(setting, receiving_pool_)),
        turns_(setting),
        plaintext_(setting.bytes),
        burst_(senders_[0].SealedBytes(setting.bytes)),
        out_(burst_.view(0).size()) {}
  bool Prepare() {
    for (size_t i = 0; i < kBurst; ++i) {
      burst_.owner(i) = turns_.Next();
      if (!senders_[burst_.owner(i)].Seal(ContentType::kApplicationData, plaintext_, burst_.at(i)))
        return false;
    }
    return true;
  }
  bool Step(size_t i) {
    ByteView datagram = burst_.view(i);
    Records& receiver = receivers_[burst_.owner(i)];
    const auto record = TakeRecord(datagram, receiver.own_connection_id().size());
    return record && !receiver.Refuse(*record) &&
           std::holds_alternative<Records::Message>(receiver.Open(*record, out_.data()));
  }

 private:
  AeadPool sending_pool_;
  AeadPool receiving_pool_;
  std::vector<Records> senders_;
  std::vector<Records> receivers_;
  Turns turns_;
  Bytes plaintext_;
  Burst burst_;
  Bytes out_;
};

class SslWrite {
 public:
  explicit SslWrite(const Setting& setting)
      : pair_(SslPair::Create(*setting.suite, {})), plaintext_(setting.bytes) {}
  bool Prepare() { return pair_ != nullptr; }
  bool Step(size_t) { return !pair_->Write(true, plaintext_).empty(); }

 private:
  std::unique_ptr<SslPair> pair_;
  Bytes plaintext_;
};

class SslRead {
 public:
  explicit SslRead(const Setting& setting)
      : pair_(SslPair::Create(*setting.suite, {})),
        plaintext_(setting.bytes),
        burst_(kRecordHeaderBytes + setting.suite->shape().overhead_bytes() + setting.bytes),
        out_(setting.bytes) {}
  bool Prepare() {
    if (!pair_) return false;
    for (size_t i = 0; i < kBurst; ++i) {
      const ByteView datagram = pair_->Write(true, plaintext_);
      if (datagram.size() != burst_.view(i).size()) return false;
      std::ranges::copy(datagram, burst_.at(i));
    }
    return true;
  }
  bool Step(size_t i) { return pair_->Read(false, burst_.view(i), out_).has_value(); }

 private:
  std::unique_ptr<SslPair> pair_;
  Bytes plaintext_;
  Burst burst_;
  Bytes out_;
};

template <typename Subject>
class Timed : public RecordBenchmark {
 public:
  explicit Timed(const Setting& setting) : subject_(setting) {}

  std::optional<double> Run(size_t records) override {
    using Clock = std::chrono::steady_clock;
    Clock::duration spent{};
    size_t done = 0;
    bool good = true;
    for (; done < records && good; done += kBurst) {
      good = subject_.Prepare();
      if (!good) break;
      const auto started = Clock::now();
      for (size_t i = 0; i < kBurst; ++i) good &= subject_.Step(i);
      spent += Clock::now() - started;
    }
    if (!good || done == 0) return std::nullopt;
    return std::chrono::duration<double, std::nano>(spent).count() / static_cast<double>(done);
  }

 private:
  Subject subject_;
};

}  // namespace

std::unique_ptr<RecordBenchmark> RecordBenchmark::Create(std::string_view subject, const CipherSuite& suite,
                                                         size_t bytes, size_t connection_id_bytes,
                                                         size_t associations, bool in_random_order) {
  using enum BareCipher::Form;
  const Setting setting{&suite, bytes, connection_id_bytes, associations, in_random_order};
  if (associations == 0) return nullptr;
  if (subject == "bareSeal") return std::make_unique<Timed<BareSeal<kGeneral>>>(setting);
  if (subject == "bareOpen") return std::make_unique<Timed<BareOpen<kGeneral>>>(setting);
  if (suite.shape().has_record_form) {
    if (subject == "bareSealRecord") return std::make_unique<Timed<BareSeal<kRecord>>>(setting);
    if (subject == "bareOpenRecord") return std::make_unique<Timed<BareOpen<kRecord>>>(setting);
  }
  if (subject == "recordsSeal") return std::make_unique<Timed<RecordsSeal>>(setting);
  if (subject == "recordsOpen") return std::make_unique<Timed<RecordsOpen>>(setting);
  if (subject == "sslWrite") return std::make_unique<Timed<SslWrite>>(setting);
  if (subject == "sslRead") return std::make_unique<Timed<SslRead>>(setting);
  return nullptr;
}

}  // namespace native_dtls
