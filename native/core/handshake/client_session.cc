#include "core/handshake/client_session.h"

#include "core/crypto/cipher_suite.h"
#include "core/crypto/error_queue.h"
#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

// Changes with the layout: the session's length (3) and DER, then each certificate's.
constexpr uint8_t kVersion = 1;
constexpr size_t kLengthBytes = 3;
// More than a message of kMaxHandshakeMessageBytes has room for; it is for the peer to say how many they are.
constexpr size_t kMaxCertificates = 255;

}  // namespace

Secret WriteClientSession(SSL_SESSION* session, const std::vector<Bytes>& chain) {
  const int der_bytes =
      session != nullptr && SSL_SESSION_is_resumable(session) == 1 ? i2d_SSL_SESSION(session, nullptr) : 0;
  if (der_bytes <= 0) return {};
  size_t size = 1 + kLengthBytes + static_cast<size_t>(der_bytes);
  for (const Bytes& certificate : chain) size += kLengthBytes + certificate.size();
  Secret written(size);
  uint8_t* at = PutInteger(written.data(), kVersion, 1);
  at = PutInteger(at, static_cast<uint64_t>(der_bytes), kLengthBytes);
  if (i2d_SSL_SESSION(session, &at) != der_bytes) return {};
  for (const Bytes& certificate : chain) {
    at = PutInteger(at, certificate.size(), kLengthBytes);
    at = std::ranges::copy(certificate, at).out;
  }
  return written;
}

std::optional<ClientSession> ReadClientSession(ByteView bytes) {
  const ErrorQueueScope errors;
  ByteReader reader(bytes);
  if (reader.Integer(1) != kVersion) return std::nullopt;
  const ByteView der = reader.Vector(kLengthBytes);
  ClientSession read;
  while (reader.ok() && !reader.rest().empty() && read.chain.size() < kMaxCertificates) {
    read.chain.push_back(CopyOf(reader.Vector(kLengthBytes)));
  }
  if (!reader.ok() || !reader.rest().empty()) return std::nullopt;
  const unsigned char* in = der.data();
  read.session.reset(d2i_SSL_SESSION(nullptr, &in, static_cast<long>(der.size())));
  if (!read.session || in != der.data() + der.size()) return std::nullopt;
  const SSL_CIPHER* cipher = SSL_SESSION_get0_cipher(read.session.get());
  const bool ours = SSL_SESSION_get_protocol_version(read.session.get()) == DTLS1_2_VERSION &&
                    SSL_SESSION_is_resumable(read.session.get()) == 1 && cipher != nullptr &&
                    FindCipherSuite(SSL_CIPHER_get_protocol_id(cipher)) != nullptr;
  return ours ? std::optional(std::move(read)) : std::nullopt;
}

}  // namespace native_dtls
