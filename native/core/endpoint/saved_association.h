// An established association as bytes: what is written, how it is read back, and the envelope in which it
// leaves the process (AES-256-GCM under a key of the user's). It knows no endpoint.
//
// Whoever has the key can speak in the place of either side. Restored twice, an association would seal two
// records under one nonce: see docs/saving.md for what is done against that and what is the user's duty.
#pragma once

#include <array>
#include <chrono>
#include <variant>

#include "core/base/path.h"
#include "core/crypto/secret.h"
#include "core/endpoint/probation.h"
#include "core/handshake/handshake.h"

namespace native_dtls {

// Milliseconds since 1970: saved associations outlive every monotonic clock.
using WallTime = std::chrono::milliseconds;

struct SavedAssociation {
  static constexpr size_t kIdBytes = 16;
  static constexpr size_t kKeyBytes = 32;

  // Names this one saving.
  std::array<uint8_t, kIdBytes> id{};
  WallTime saved_at{};
  WallTime expires_at{};
  Role role = Role::kClient;
  Path path;
  const CipherSuite* suite = nullptr;
  Secret write_key, write_iv, read_key, read_iv;
  ConnectionIds connection_ids;
  Records::Saved records{};
  // What the peer may still ask for, with the number of the next record of epoch 0; empty when it has it.
  Flight last_flight;
  uint64_t next_plaintext = 0;
  std::string server_name;
  std::string psk_identity;
  std::vector<Bytes> peer_certificates;
  size_t max_plaintext_bytes = kMaxPlaintextBytes;
  std::string alpn_protocol;
  bool session_reused = false;
  // Always there but while it is being made.
  std::optional<SessionSecrets> secrets;
  Secret client_session;
  std::optional<Probation> probation;
};

// Nothing when OpenSSL fails.
std::optional<Bytes> SealSaved(const SavedAssociation& saved, ByteView key, AeadPool& pool);

// All lengths are checked; nothing of `sealed` is trusted before it has verified.
std::variant<SavedAssociation, RestoreError> OpenSaved(ByteView sealed, ByteView key, WallTime now,
                                                       AeadPool& pool);

}  // namespace native_dtls
