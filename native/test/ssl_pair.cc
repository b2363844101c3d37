#include "test/ssl_pair.h"

#include <openssl/pem.h>

#include <cstring>

namespace native_dtls {

namespace {

constexpr uint8_t kPsk[] = {0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f, 0x70, 0x81};
constexpr char kIdentity[] = "device";
constexpr int kMaxRounds = 10;
constexpr long kMtuBytes = 1400;

unsigned int GivePsk(unsigned char* key) {
  std::ranges::copy(kPsk, key);
  return sizeof kPsk;
}

unsigned int GiveServerPsk(SSL*, const char*, unsigned char* key, unsigned int) { return GivePsk(key); }

unsigned int GiveClientPsk(SSL*, const char*, char* identity, unsigned int, unsigned char* key,
                           unsigned int) {
  std::memcpy(identity, kIdentity, sizeof kIdentity);
  return GivePsk(key);
}

BioPtr Reader(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

bool UseIdentity(SSL_CTX* ctx, const SslPair::Identity& identity) {
  const X509Ptr certificate(PEM_read_bio_X509(Reader(identity.certificate).get(), nullptr, nullptr, nullptr));
  const PkeyPtr key(PEM_read_bio_PrivateKey(Reader(identity.key).get(), nullptr, nullptr, nullptr));
  return certificate && key && SSL_CTX_use_certificate(ctx, certificate.get()) == 1 &&
         SSL_CTX_use_PrivateKey(ctx, key.get()) == 1;
}

std::unique_ptr<SslPair> SslPair::Create(const CipherSuite& suite, const Identity& identity) {
  std::unique_ptr<SslPair> pair(new SslPair(&suite));
  const bool prepared =
      pair->Prepare(pair->client_, true, identity) && pair->Prepare(pair->server_, false, identity);
  return prepared && pair->Shake() ? std::move(pair) : nullptr;
}

bool SslPair::Prepare(End& end, bool client, const Identity& identity) {
  const SslCtxPtr ctx(SSL_CTX_new(client ? DTLS_client_method() : DTLS_server_method()));
  if (!ctx) return false;
  // The truncated tags are refused above level 0 by some versions.
  const std::string list = std::string(suite_->name) + ":@SECLEVEL=0";
  SSL_CTX_set_options(ctx.get(), SSL_OP_NO_QUERY_MTU);
  SSL_CTX_set_dh_auto(ctx.get(), 1);
  SSL_CTX_set_psk_client_callback(ctx.get(), GiveClientPsk);
  SSL_CTX_set_psk_server_callback(ctx.get(), GiveServerPsk);
  if (SSL_CTX_set_min_proto_version(ctx.get(), DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx.get(), list.c_str()) != 1 ||
      (!client && !suite_->uses_psk && !UseIdentity(ctx.get(), identity))) {
    return false;
  }
  end.ssl.reset(SSL_new(ctx.get()));
  if (!end.ssl || !end.bio.AttachTo(end.ssl.get())) return false;
  SSL_set_mtu(end.ssl.get(), kMtuBytes);
  if (client) {
    SSL_set_connect_state(end.ssl.get());
  } else {
    SSL_set_accept_state(end.ssl.get());
  }
  return true;
}

bool SslPair::Shake() {
  for (int round = 0; round < kMaxRounds; ++round) {
    SSL_do_handshake(client_.ssl.get());
    if (!Carry(client_, server_) || !Carry(server_, client_)) return false;
    if (SSL_is_init_finished(client_.ssl.get()) && SSL_is_init_finished(server_.ssl.get())) return true;
  }
  return false;
}

bool SslPair::Carry(End& from, End& to) {
  const Bytes written = CopyOf(from.bio.written());
  const std::vector<size_t> sizes = from.bio.sizes();
  from.bio.Clear();
  ByteView rest = written;
  for (const size_t size : sizes) {
    to.bio.Offer(rest.first(size));
    rest = rest.subspan(size);
    const int result = SSL_do_handshake(to.ssl.get());
    if (result != 1 && SSL_get_error(to.ssl.get(), result) != SSL_ERROR_WANT_READ) return false;
  }
  return true;
}

ByteView SslPair::Write(bool client, ByteView plaintext) {
  End& from = end(client);
  from.bio.Clear();
  const int written = SSL_write(from.ssl.get(), plaintext.data(), static_cast<int>(plaintext.size()));
  return written == static_cast<int>(plaintext.size()) ? from.bio.written() : ByteView();
}

std::optional<size_t> SslPair::Read(bool client, ByteView datagram, std::span<uint8_t> out) {
  End& at = end(client);
  at.bio.Offer(datagram);
  const int read = SSL_read(at.ssl.get(), out.data(), static_cast<int>(out.size()));
  if (read <= 0) return std::nullopt;
  return static_cast<size_t>(read);
}

}  // namespace native_dtls
