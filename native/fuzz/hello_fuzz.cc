// Whatever a stranger may send: the ClientHello parser and the cookie gate.
#include <cstdlib>

#include "core/endpoint/cookie_gate.h"

using namespace native_dtls;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static CookieGate gate(Bytes(32, 7));
  Path path;
  path.peer_port = 5684;
  const ByteView datagram(data, size);
  const auto judgement = gate.Judge(TimePoint{}, path, datagram);
  if (const auto* reply = std::get_if<CookieGate::Reply>(&judgement)) {
    // An answer must never be larger than what was asked, or the server amplifies.
    if (reply->datagram.size() > size) std::abort();
    if (!ParseClientHello(datagram)) std::abort();
  }
  // Nobody guesses 31 bytes of HMAC.
  if (std::holds_alternative<CookieGate::Verified>(judgement)) std::abort();
  return 0;
}
