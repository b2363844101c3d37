// Whatever a stranger may send: the ClientHello parser and the cookie gate. No cookie is guessed; who brings
// back the one that it was given is let in, and nobody else is.
#include <cstdlib>
#include <memory>

#include "core/endpoint/cookie_gate.h"
#include "core/handshake/connection_id_extension.h"
#include "fuzz/hello_cookie.h"

using namespace native_dtls;

namespace {

Path PathOf(uint16_t port) {
  Path path;
  path.peer_port = port;
  return path;
}

const Path kPath = PathOf(5684);
const Path kOtherPath = PathOf(5685);

CookieGate& Gate() {
  static CookieGate gate(Bytes(32, 7));
  return gate;
}

bool IsLetIn(const Path& path, ByteView datagram) {
  return std::holds_alternative<CookieGate::Verified>(Gate().Judge(TimePoint{}, path, datagram));
}

void ComeAgain(ByteView datagram, const ClientHello& hello, const CookieGate::Reply& reply) {
  Bytes again = WithCookie(datagram, hello, reply);
  if (again.empty()) return;
  if (!IsLetIn(kPath, again) || IsLetIn(kOtherPath, again)) std::abort();
  const auto parsed = ParseClientHello(again);
  if (!SameBytes(parsed->rest, hello.rest) || parsed->whole != hello.whole) std::abort();
  parsed->MayHaveExtension(ConnectionIdExtension::kType);
  const ByteView name = parsed->ServerName();
  if (name.size() > 255 || std::ranges::find(name, 0) != name.end()) std::abort();
  parsed->AlpnProtocols();
  again[kRecordHeaderBytes + kHandshakeHeaderBytes + 2] ^= 1;
  if (IsLetIn(kPath, again)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // In memory of exactly its size, on which nothing but reading is defined.
  const auto memory = std::make_unique<uint8_t[]>(size);
  std::copy_n(data, size, memory.get());
  const ByteView datagram(memory.get(), size);
  const auto judgement = Gate().Judge(TimePoint{}, kPath, datagram);
  // Nobody guesses 31 bytes of HMAC.
  if (std::holds_alternative<CookieGate::Verified>(judgement)) std::abort();
  const auto* reply = std::get_if<CookieGate::Reply>(&judgement);
  const auto hello = ParseClientHello(datagram);
  if ((reply != nullptr) != hello.has_value()) std::abort();
  if (reply == nullptr) return 0;
  // An answer must never be larger than what was asked, or the server amplifies.
  if (reply->datagram.size() > size) std::abort();
  ComeAgain(datagram, *hello, *reply);
  return 0;
}
