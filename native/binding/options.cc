#include "binding/options.h"

namespace native_dtls {

namespace {

constexpr double kMinMtuBytes = 256;
constexpr double kMaxMtuBytes = 16384;
// As far as the length of a handshake message goes (RFC 6347 section 4.2.2).
constexpr double kMaxMessageBytes = (1 << 24) - 1;
// As far as an int goes on every system.
constexpr double kMaxInt = 2147483647;
constexpr double kMaxCount = 9007199254740991;

}  // namespace

std::shared_ptr<const AssociationOptions> AssociationOptionsOf(OptionObject object) {
  const auto shared = std::make_shared<AssociationOptions>();
  AssociationOptions& options = *shared;
  HandshakeOptions& handshake = options.handshake;
  handshake.mtu_bytes = static_cast<size_t>(object.Number("mtu", kMinMtuBytes, kMaxMtuBytes));
  handshake.retransmit_timeout = object.Time("retransmitTimeout", 1);
  handshake.retransmit_timeout_max = object.Time("retransmitTimeoutMax", 1);
  if (handshake.retransmit_timeout_max < handshake.retransmit_timeout) {
    object.Refuse("retransmitTimeoutMax", "no less than retransmitTimeout");
  }
  handshake.psk = object.Flag("psk");
  handshake.certificates = object.Flag("certificates");
  handshake.server_name = object.Text("serverName");
  handshake.psk_identity_hint = object.Text("pskIdentityHint");
  handshake.request_certificate = object.Flag("requestCertificate");
  handshake.reveal_unknown_identity = object.Flag("revealUnknownIdentity");
  handshake.verify_at_completion = object.Flag("verifyAtCompletion");
  handshake.return_routability = object.Flag("returnRoutability");
  const double connection_id_bytes = object.Number("connectionIdLength", -1, kMaxConnectionIdBytes);
  if (connection_id_bytes >= 0) handshake.connection_id_bytes = static_cast<size_t>(connection_id_bytes);
  handshake.alpn_protocols = object.Data("alpnProtocols");
  handshake.session_timeout =
      std::chrono::seconds(static_cast<int64_t>(object.Number("sessionTimeout", 0, kMaxInt)));
  handshake.max_message_bytes =
      static_cast<size_t>(object.Number("maxHandshakeMessage", 0, kMaxMessageBytes));
  options.ask_hello = object.Flag("askHello");
  options.handshake_timeout = object.Time("handshakeTimeout", 0);
  options.idle_timeout = object.Time("idleTimeout", 0);
  return shared;
}

ListenOptions ListenOptionsOf(OptionObject object, std::shared_ptr<const Context> context,
                              std::shared_ptr<const AssociationOptions> association) {
  const auto count = [&](const char* name) { return static_cast<size_t>(object.Number(name, 0, kMaxCount)); };
  ListenOptions options{
      .context = std::move(context),
      .association = std::move(association),
      .cookies = object.Flag("cookies"),
      .cookie_secret = object.Data("cookieSecret"),
      .max_connections = count("maxConnections"),
      .max_pending_handshakes = count("maxPendingHandshakes"),
      .max_connections_per_host = count("maxConnectionsPerHost"),
      .ticket_keys = object.SecretData("ticketKeys"),
      .supplied_connection_ids = object.Flag("suppliedConnectionIds"),
  };
  if (!options.ticket_keys.empty() && options.ticket_keys.size() != TicketKeys::kBytes) {
    object.Refuse("ticketKeys", "48 bytes or none");
  }
  return options;
}

UdpOptions UdpOptionsOf(OptionObject& object) {
  return {
      .ipv6 = object.Flag("ipv6"),
      .ipv6_only = object.Flag("ipv6Only"),
      .reuse_address = object.Flag("reuseAddr"),
      .reuse_port = object.Flag("reusePort"),
      .receive_buffer_bytes = static_cast<int>(object.Number("recvBufferSize", 0, kMaxInt)),
      .least_receive_buffer_bytes = static_cast<int>(object.Number("leastRecvBufferSize", 0, kMaxInt)),
      .send_buffer_bytes = static_cast<int>(object.Number("sendBufferSize", 0, kMaxInt)),
      .thin_hellos = object.Flag("thinHellos"),
  };
}

ContextOptions ContextOptionsOf(OptionObject object) {
  ContextOptions options;
  auto certificates = object.ListOfData("certificates");
  auto keys = object.ListOfSecrets("keys");
  auto passphrases = object.ListOfSecrets("passphrases");
  keys.resize(certificates.size());
  passphrases.resize(certificates.size());
  for (size_t i = 0; i < certificates.size(); ++i) {
    options.identities.push_back({.certificates = std::move(certificates[i]),
                                  .key = std::move(keys[i]),
                                  .passphrase = std::move(passphrases[i])});
  }
  options.authorities = object.ListOfData("authorities");
  options.name_authorities = object.Flag("nameAuthorities");
  options.ciphers = object.Text("ciphers");
  options.honor_cipher_order = object.Flag("honorCipherOrder");
  return options;
}

}  // namespace native_dtls
