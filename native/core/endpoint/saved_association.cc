#include "core/endpoint/saved_association.h"

#include <openssl/rand.h>

#include "core/crypto/error_queue.h"
#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

// The envelope: version, nonce, ciphertext, tag. The version is authenticated with the rest.
constexpr uint8_t kVersion = 1;
constexpr size_t kEnvelopeBytes = 1 + kNonceBytes + 16;
constexpr AeadAlgorithm kEnvelope = AeadAlgorithm::kAes256Gcm;

// More than a message of kMaxHandshakeMessageBytes has room for; it is for the peer to say how many they are.
constexpr size_t kMaxCertificates = 255;
constexpr size_t kMaxFlightParts = 16;

// As written where the address has proved itself.
constexpr Probation kProved{.sendable_bytes = 0, .newer_datagrams_left = 0};

// Grows as it is written, and is wiped when it goes.
class Writer {
 public:
  void Integer(uint64_t value, size_t width) {
    std::array<uint8_t, 8> bytes;
    PutInteger(bytes.data(), value, width);
    Raw(ByteView(bytes).first(width));
  }
  void Raw(ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void Vector(ByteView bytes, size_t width) {
    Integer(bytes.size(), width);
    Raw(bytes);
  }
  void Text(const std::string& text) {
    Vector({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, 2);
  }
  ByteView view() const { return bytes_; }

  // Growing would leave copies of keys behind.
  explicit Writer(size_t most_bytes) { bytes_.reserve(most_bytes); }
  ~Writer() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  Bytes bytes_;
};

void WriteSaved(Writer& out, const SavedAssociation& saved) {
  out.Raw(saved.id);
  out.Integer(static_cast<uint64_t>(saved.saved_at.count()), 8);
  out.Integer(static_cast<uint64_t>(saved.expires_at.count()), 8);
  out.Integer(saved.role == Role::kServer ? 1 : 0, 1);
  out.Raw(saved.path.peer_address);
  out.Raw(saved.path.local_address);
  out.Integer(saved.path.scope_id, 4);
  out.Integer(saved.path.peer_port, 2);
  out.Integer(saved.path.written_as_ipv6 ? 1 : 0, 1);
  out.Integer(saved.suite->id, 2);
  for (const Secret* secret : {&saved.write_key, &saved.write_iv, &saved.read_key, &saved.read_iv}) {
    out.Vector(secret->view(), 1);
  }
  out.Vector(saved.connection_ids.own, 1);
  out.Vector(saved.connection_ids.peer, 1);
  out.Integer(saved.records.next_write, 8);
  out.Integer(saved.records.window.next, 8);
  for (uint64_t word : saved.records.window.words) out.Integer(word, 8);
  out.Integer(saved.records.use.sealed, 8);
  out.Integer(saved.records.use.forged, 8);
  out.Integer(saved.max_plaintext_bytes, 2);
  out.Integer(saved.next_plaintext, 8);
  out.Integer(saved.last_flight.size(), 1);
  for (const FlightPart& part : saved.last_flight) {
    out.Integer(static_cast<uint8_t>(part.type), 1);
    out.Integer(part.epoch, 2);
    out.Integer(part.version, 2);
    out.Vector(part.body, 3);
  }
  out.Text(saved.server_name);
  out.Text(saved.psk_identity);
  out.Integer(saved.peer_certificates.size(), 1);
  for (const Bytes& certificate : saved.peer_certificates) out.Vector(certificate, 3);
  out.Text(saved.alpn_protocol);
  out.Integer(saved.session_reused ? 1 : 0, 1);
  out.Raw(saved.secrets->bytes());
  out.Vector(saved.client_session.view(), 3);
  const Probation probation = saved.probation.value_or(kProved);
  out.Integer(static_cast<uint64_t>(probation.newer_datagrams_left), 1);
  out.Integer(probation.sendable_bytes, 4);
  out.Integer(saved.connection_ids.return_routability ? 1 : 0, 1);
}

void CopyTo(std::span<uint8_t> out, ByteView in) {
  if (in.size() == out.size()) std::ranges::copy(in, out.begin());
}

std::string TextOf(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// Nothing when it is not what WriteSaved writes.
std::optional<SavedAssociation> ReadSaved(ByteView bytes) {
  ByteReader in(bytes);
  SavedAssociation saved;
  CopyTo(saved.id, in.Take(saved.id.size()));
  saved.saved_at = WallTime(static_cast<int64_t>(in.Integer(8)));
  saved.expires_at = WallTime(static_cast<int64_t>(in.Integer(8)));
  saved.role = in.Integer(1) == 1 ? Role::kServer : Role::kClient;
  CopyTo(saved.path.peer_address, in.Take(saved.path.peer_address.size()));
  CopyTo(saved.path.local_address, in.Take(saved.path.local_address.size()));
  saved.path.scope_id = static_cast<uint32_t>(in.Integer(4));
  saved.path.peer_port = static_cast<uint16_t>(in.Integer(2));
  saved.path.written_as_ipv6 = in.Integer(1) == 1;
  saved.suite = FindCipherSuite(static_cast<uint16_t>(in.Integer(2)));
  for (Secret* secret : {&saved.write_key, &saved.write_iv, &saved.read_key, &saved.read_iv}) {
    *secret = Secret(in.Vector(1));
  }
  saved.connection_ids.own = CopyOf(in.Vector(1));
  saved.connection_ids.peer = CopyOf(in.Vector(1));
  saved.records.next_write = in.Integer(8);
  saved.records.window.next = in.Integer(8);
  for (uint64_t& word : saved.records.window.words) word = in.Integer(8);
  saved.records.use.sealed = in.Integer(8);
  saved.records.use.forged = in.Integer(8);
  saved.max_plaintext_bytes = static_cast<size_t>(in.Integer(2));
  saved.next_plaintext = in.Integer(8);
  const uint64_t parts = in.Integer(1);
  if (parts > kMaxFlightParts) return std::nullopt;
  for (uint64_t i = 0; i < parts; ++i) {
    FlightPart part;
    part.type = static_cast<ContentType>(in.Integer(1));
    part.epoch = static_cast<uint16_t>(in.Integer(2));
    part.version = static_cast<uint16_t>(in.Integer(2));
    part.body = CopyOf(in.Vector(3));
    saved.last_flight.push_back(std::move(part));
  }
  saved.server_name = TextOf(in.Vector(2));
  saved.psk_identity = TextOf(in.Vector(2));
  const uint64_t certificates = in.Integer(1);
  if (certificates > kMaxCertificates) return std::nullopt;
  for (uint64_t i = 0; i < certificates; ++i) saved.peer_certificates.push_back(CopyOf(in.Vector(3)));
  saved.alpn_protocol = TextOf(in.Vector(2));
  saved.session_reused = in.Integer(1) == 1;
  if (const auto secrets = SessionSecrets::From(in.Take(SessionSecrets::kBytes)))
    saved.secrets.emplace(*secrets);
  saved.client_session = Secret(in.Vector(3));
  const auto datagrams_left = static_cast<int>(in.Integer(1));
  const auto sendable_bytes = static_cast<size_t>(in.Integer(4));
  if (datagrams_left > Probation::kDatagrams) return std::nullopt;
  saved.connection_ids.return_routability = in.Integer(1) == 1;
  if (datagrams_left > 0) saved.probation = {sendable_bytes, datagrams_left};
  if (!in.ok() || !in.rest().empty() || saved.suite == nullptr || !saved.secrets) return std::nullopt;
  const AeadShape& shape = saved.suite->shape();
  const bool keys_fit =
      saved.write_key.size() == shape.key_bytes && saved.read_key.size() == shape.key_bytes &&
      saved.write_iv.size() == shape.fixed_iv_bytes && saved.read_iv.size() == shape.fixed_iv_bytes;
  return keys_fit ? std::optional(std::move(saved)) : std::nullopt;
}

// The user's key, for as long as it is needed.
class EnvelopeKey {
 public:
  EnvelopeKey(ByteView key, AeadPool& pool) : pool_(pool), key_(kEnvelope, key, kNoIv, pool.NewKeyId()) {}
  ~EnvelopeKey() { pool_.Forget(key_); }
  EnvelopeKey(const EnvelopeKey&) = delete;
  EnvelopeKey& operator=(const EnvelopeKey&) = delete;

  const TrafficKey& key() const { return key_; }

 private:
  static constexpr std::array<uint8_t, kNonceBytes> kNoIv{};

  AeadPool& pool_;
  TrafficKey key_;
};

}  // namespace

std::optional<Bytes> SealSaved(const SavedAssociation& saved, ByteView key, AeadPool& pool) {
  const ErrorQueueScope errors;
  size_t most_bytes = 4096 + saved.alpn_protocol.size() + saved.client_session.size() +
                      saved.server_name.size() + saved.psk_identity.size();
  for (const Bytes& certificate : saved.peer_certificates) most_bytes += 3 + certificate.size();
  for (const FlightPart& part : saved.last_flight) most_bytes += 8 + part.body.size();
  Writer plain(most_bytes);
  WriteSaved(plain, saved);
  Bytes sealed(kEnvelopeBytes + plain.view().size());
  sealed[0] = kVersion;
  const auto nonce = std::span<uint8_t, kNonceBytes>(sealed.data() + 1, kNonceBytes);
  if (RAND_bytes(nonce.data(), kNonceBytes) != 1) return std::nullopt;
  const EnvelopeKey envelope(key, pool);
  if (!pool.Seal(envelope.key(), nonce, ByteView(sealed).first(1), plain.view(),
                 sealed.data() + 1 + kNonceBytes)) {
    return std::nullopt;
  }
  return sealed;
}

std::variant<SavedAssociation, RestoreError> OpenSaved(ByteView sealed, ByteView key, WallTime now,
                                                       AeadPool& pool) {
  const ErrorQueueScope errors;
  if (sealed.empty()) return RestoreError::kDamaged;
  if (sealed[0] != kVersion) return RestoreError::kWrongVersion;
  if (sealed.size() < kEnvelopeBytes) return RestoreError::kDamaged;
  const auto nonce = std::span<const uint8_t, kNonceBytes>(sealed.data() + 1, kNonceBytes);
  const ByteView body = sealed.subspan(1 + kNonceBytes);
  Secret plain(body.size());
  const EnvelopeKey envelope(key, pool);
  if (!pool.Open(envelope.key(), nonce, sealed.first(1), body, plain.data())) return RestoreError::kDamaged;
  auto saved = ReadSaved(plain.view().first(sealed.size() - kEnvelopeBytes));
  if (!saved) return RestoreError::kDamaged;
  if (now >= saved->expires_at) return RestoreError::kExpired;
  // No record number may be used twice, even if somebody restores what has gone on elsewhere meanwhile: no
  // peer sends a million records a second for long.
  const auto elapsed = std::max(now - saved->saved_at, WallTime::zero());
  saved->records.next_write +=
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
  return std::move(*saved);
}

}  // namespace native_dtls
