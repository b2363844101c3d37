// A server, and a client that says whatever the input says: the way behind the cookie gate. Its hellos bring
// back the cookie that they were asked for.
#include "fuzz/deterministic_random.h"
#include "fuzz/fuzzed_peer.h"
#include "fuzz/hello_cookie.h"

using namespace native_dtls;

namespace {

class FuzzedClient : public FuzzedPeer {
 public:
  // The bits of `mode`: a certificate, and a pre-shared key; client certificates asked for; tickets;
  // Connection IDs; application protocols, and a question about each hello; no cookies; unknown identities
  // revealed. Small datagrams go with the last.
  explicit FuzzedClient(uint8_t mode) {
    const bool certificate = mode & 1;
    const auto options = std::make_shared<AssociationOptions>();
    HandshakeOptions& handshake = options->handshake;
    handshake.psk = !certificate || (mode & 2);
    handshake.request_certificate = certificate && (mode & 4);
    if (mode & 8) handshake.session_timeout = std::chrono::hours(2);
    if (mode & 0x10) handshake.connection_id_bytes = 8;
    handshake.return_routability = mode & 0x10;
    if (mode & 0x20) handshake.alpn_protocols = {4, 'c', 'o', 'a', 'p', 2, 'h', '2'};
    options->ask_hello = mode & 0x20;
    handshake.psk_identity_hint = mode & 2 ? "hint" : "";
    handshake.reveal_unknown_identity = mode & 0x80;
    if (mode & 0x80) handshake.mtu_bytes = 256;
    endpoint_.Listen({.context = certificate ? CertificateContext() : PlainContext(),
                      .association = options,
                      .cookies = (mode & 0x40) == 0,
                      .cookie_secret = Bytes(32, 1),
                      .ticket_keys = Secret(ByteView(Bytes(TicketKeys::kBytes, kTicketKeyByte)))});
  }

 protected:
  HandshakeType TypeOf(uint8_t byte) const override {
    constexpr HandshakeType kTypes[] = {HandshakeType::kClientHello, HandshakeType::kClientKeyExchange,
                                        HandshakeType::kCertificate, HandshakeType::kCertificateVerify,
                                        HandshakeType::kFinished};
    return byte < 0x80 ? kTypes[byte % std::size(kTypes)] : static_cast<HandshakeType>(byte - 0x80);
  }

  // A stranger is asked for a cookie, and is let in with it.
  void See(ByteView sent) override {
    ByteView rest = sent;
    const auto record = TakeRecord(rest);
    if (!record || record->header.type != ContentType::kHandshake || record->body.empty()) return;
    if (static_cast<HandshakeType>(record->body[0]) != HandshakeType::kHelloVerifyRequest) return;
    const auto hello = ParseClientHello(heard());
    if (!hello) return;
    CookieGate::Reply reply{};
    std::ranges::copy(sent, reply.datagram.begin());
    const Bytes again = WithCookie(heard(), *hello, reply);
    if (!again.empty()) Receive(again);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CertificateContext();
  RestartRandom();
  Input input(data, size);
  const uint8_t mode = input.Byte();
  FuzzedClient(mode).Run(input);
  return 0;
}
