#include "fuzz/finished_session.h"

#include <cstdlib>
#include <deque>

#include "fuzz/credentials.h"
#include "fuzz/deterministic_random.h"

namespace native_dtls {

namespace {

struct Side {
  double counters[kCounterCount] = {};
  Endpoint endpoint{counters};
  std::deque<Bytes> incoming;
};

// Sends what there is to the other side, and says yes to every question.
void Drain(Side& side, Side& other) {
  const Outbox& outbox = side.endpoint.outbox();
  for (const auto& datagram : outbox.datagrams()) {
    other.incoming.push_back(CopyOf(outbox.BytesAt(datagram.offset, datagram.size)));
  }
  struct Question {
    Handle handle;
    EventKind kind;
  };
  std::vector<Question> asked;
  for (const Event& event : outbox.events()) asked.push_back({event.handle, event.kind});
  for (const auto& [handle, kind] : asked) {
    if (kind == EventKind::kPskRequired) {
      side.endpoint.AnswerPsk({}, handle, BytesOfText(kIdentityText), BytesOfText(kPskText));
      Drain(side, other);
    } else if (kind == EventKind::kCertificateReceived) {
      side.endpoint.AnswerCertificate({}, handle, true);
      Drain(side, other);
    }
  }
}

Secret Finish(bool with_certificates) {
  const auto context = with_certificates ? CertificateContext() : PlainContext();
  RestartRandom();
  const auto options = std::make_shared<AssociationOptions>();
  options->handshake.psk = !with_certificates;
  options->handshake.certificates = with_certificates;
  options->handshake.session_timeout = std::chrono::hours(24);
  Path path;
  path.peer_port = 5684;
  Side client, server;
  server.endpoint.Listen({.context = context,
                          .association = options,
                          .cookie_secret = Bytes(32, 1),
                          .ticket_keys = Secret(ByteView(Bytes(TicketKeys::kBytes, kTicketKeyByte)))});
  const Handle handle = client.endpoint.Connect(context, options, path);
  client.endpoint.Start({}, handle);
  Drain(client, server);
  while (!client.incoming.empty() || !server.incoming.empty()) {
    Side& to = client.incoming.empty() ? server : client;
    Side& from = &to == &client ? server : client;
    const Bytes datagram = std::move(to.incoming.front());
    to.incoming.pop_front();
    to.endpoint.Receive({}, path, datagram);
    Drain(to, from);
  }
  const Association* association = client.endpoint.Find(handle);
  if (association == nullptr || association->facts() == nullptr) std::abort();
  return Secret(association->facts()->extras().client_session.view());
}

}  // namespace

ByteView FinishedSession(bool with_certificates) {
  static const Secret plain = Finish(false);
  static const Secret certified = Finish(true);
  const ByteView session = (with_certificates ? certified : plain).view();
  if (session.empty()) std::abort();
  return session;
}

}  // namespace native_dtls
