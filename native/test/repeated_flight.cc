#include "test/repeated_flight.h"

#include "core/crypto/datagram_bio.h"

namespace native_dtls {

namespace {

constexpr int kStrikes = 4;

// So short that OpenSSL takes it for over at once.
unsigned int StrikeAtOnce(SSL*, unsigned int) { return 1; }

SslCtxPtr NewContext(const SSL_METHOD* method) {
  SslCtxPtr ctx(SSL_CTX_new(method));
  if (!ctx || SSL_CTX_set_min_proto_version(ctx.get(), DTLS1_2_VERSION) != 1) return nullptr;
  SSL_CTX_set_options(ctx.get(), SSL_OP_NO_QUERY_MTU);
  return ctx;
}

Bytes Hello() {
  const SslCtxPtr ctx = NewContext(DTLS_client_method());
  MemoryBio bio;
  const SslPtr ssl(ctx ? SSL_new(ctx.get()) : nullptr);
  if (!ssl || !bio.AttachTo(ssl.get())) return {};
  // All of it in one datagram.
  SSL_set_mtu(ssl.get(), 1400);
  SSL_set_connect_state(ssl.get());
  SSL_do_handshake(ssl.get());
  return CopyOf(bio.written());
}

}  // namespace

std::optional<RepeatedFlight> RepeatFlight(const SslPair::Identity& identity, size_t mtu_bytes) {
  const Bytes hello = Hello();
  const SslCtxPtr ctx = NewContext(DTLS_server_method());
  if (hello.empty() || !ctx || !UseIdentity(ctx.get(), identity)) return std::nullopt;
  DatagramBio bio(mtu_bytes);
  const SslPtr ssl(SSL_new(ctx.get()));
  if (!ssl || !bio.AttachTo(ssl.get())) return std::nullopt;
  SSL_set_mtu(ssl.get(), static_cast<long>(mtu_bytes));
  DTLS_set_timer_cb(ssl.get(), StrikeAtOnce);
  SSL_set_accept_state(ssl.get());
  bio.Offer(hello);
  const int result = SSL_do_handshake(ssl.get());
  RepeatedFlight flight;
  flight.refused = SSL_get_error(ssl.get(), result) == SSL_ERROR_WANT_WRITE;
  flight.written = bio.TakeWritten();
  for (int strike = 0; strike < kStrikes; ++strike) {
    DTLSv1_handle_timeout(ssl.get());
    for (Bytes& datagram : bio.TakeWritten()) flight.repeated.push_back(std::move(datagram));
  }
  return flight;
}

}  // namespace native_dtls
