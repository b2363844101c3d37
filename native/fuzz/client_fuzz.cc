// A client, and a server that says whatever the input says. The server has the certificate that the client
// trusts, and signs what it says in its key exchange.
#include "core/wire/client_hello.h"
#include "fuzz/deterministic_random.h"
#include "fuzz/finished_session.h"
#include "fuzz/fuzzed_peer.h"

using namespace native_dtls;

namespace {

constexpr size_t kRandomBytes = 32;
// In a ServerHello, behind the version.
constexpr size_t kServerRandomAt = 2;

class FuzzedServer : public FuzzedPeer {
 public:
  // The bits of `mode`: certificates, and a pre-shared key; the verdict only at the end; a session is
  // offered; Connection IDs; application protocols; a server name; small datagrams.
  explicit FuzzedServer(uint8_t mode) {
    const bool certificates = mode & 1;
    const auto options = std::make_shared<AssociationOptions>();
    HandshakeOptions& handshake = options->handshake;
    handshake.certificates = certificates;
    handshake.psk = !certificates || (mode & 2);
    handshake.verify_at_completion = mode & 4;
    if (mode & 0x10) handshake.connection_id_bytes = 8;
    handshake.return_routability = mode & 0x10;
    if (mode & 0x20) handshake.alpn_protocols = {4, 'c', 'o', 'a', 'p', 2, 'h', '2'};
    if (mode & 0x40) handshake.server_name = "localhost";
    if (mode & 0x80) handshake.mtu_bytes = 256;
    const Handle handle =
        endpoint_.Connect(certificates ? CertificateContext() : PlainContext(), options, PeerPath());
    endpoint_.Start(now_, handle, mode & 8 ? FinishedSession(certificates) : ByteView());
    Drain();
  }

 protected:
  HandshakeType TypeOf(uint8_t byte) const override {
    constexpr HandshakeType kTypes[] = {
        HandshakeType::kServerHello,        HandshakeType::kServerKeyExchange,
        HandshakeType::kServerHelloDone,    HandshakeType::kCertificate,
        HandshakeType::kCertificateRequest, HandshakeType::kNewSessionTicket,
        HandshakeType::kHelloVerifyRequest, HandshakeType::kCertificateStatus,
        HandshakeType::kHelloRequest,
    };
    return byte < 0x80 ? kTypes[byte % std::size(kTypes)] : static_cast<HandshakeType>(byte - 0x80);
  }

  // What only the server itself can say the input asks for by one byte: its certificate instead of that byte,
  // and its signature behind a key exchange that begins with it.
  void Prepare(HandshakeType type, Bytes& body) override {
    constexpr uint8_t kOwn = 0xff;
    if (type == HandshakeType::kServerHello && body.size() >= kServerRandomAt + kRandomBytes) {
      server_random_ = CopyOf(ByteView(body).subspan(kServerRandomAt, kRandomBytes));
    }
    if (body.empty() || body[0] != kOwn) return;
    if (type == HandshakeType::kCertificate) body = CertificateBody();
    if (type == HandshakeType::kServerKeyExchange) Sign(body);
  }

  void See(ByteView sent) override {
    if (const auto hello = ParseClientHello(sent)) client_random_ = CopyOf(hello->random);
  }

 private:
  void Sign(Bytes& body) {
    body.erase(body.begin());
    Bytes said = client_random_;
    said.insert(said.end(), server_random_.begin(), server_random_.end());
    said.insert(said.end(), body.begin(), body.end());
    const Bytes signature = SignatureOf(said);
    body.insert(body.end(), signature.begin(), signature.end());
  }

  Bytes client_random_;
  Bytes server_random_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t mode = input.Byte();
  FinishedSession(mode & 1);
  RestartRandom();
  FuzzedServer(mode).Run(input);
  return 0;
}
