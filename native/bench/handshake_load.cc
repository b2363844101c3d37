// The load of the handshake measurement: so many handshakes at a time, each closed when it is complete. Says
// {"ready":true} when it has seen that the server is one for its kind of handshake, then takes commands on
// standard input, one a line, and answers each with a line of JSON:
//
//   handshakes MS   handshakes for so many milliseconds
//
// Whether a handshake was full or resumed is seen on each. That a server lets in nobody but its clients is
// tried out before: without a certificate, and with one of another authority.
//
// handshake_load PORT SERVER_PID psk IDENTITY KEY(hex)
// handshake_load PORT SERVER_PID ecdsa|mutual|resumption FOLDER
//
// FOLDER holds PEM files: server.pem, and for mutual client.pem, client.key, stranger.pem, stranger.key.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "bench/clients.h"
#include "bench/commands.h"
#include "bench/cpu_times.h"
#include "bench/hex.h"

using namespace native_dtls;

namespace {

// A certificate fits one datagram.
constexpr size_t kMtuBytes = 1400;
constexpr size_t kHandshakesInFlight = 64;
constexpr uint32_t kFirstNumber = 1 << 20;
// An alert in the clear may be anybody's, and is believed when the time is up.
constexpr Duration kRefusedWithin = std::chrono::milliseconds(300);
constexpr int kMaxTrials = 20;

enum class Kind { kPsk, kEcdsa, kMutual, kResumption };

[[noreturn]] void Give(const char* reason) {
  std::fprintf(stderr, "%s\n", reason);
  std::exit(1);
}

struct Settings {
  pid_t server = 0;
  Kind kind = Kind::kPsk;
  Clients::Settings clients;
  // Mutual: what the server must refuse.
  std::vector<Credentials> refused;
};

class HandshakeLoad {
 public:
  explicit HandshakeLoad(Settings settings) : settings_(std::move(settings)), times_(settings_.server) {
    for (const Credentials& credentials : settings_.refused) ExpectRefusal(credentials);
  }

  void Run(long ms) {
    Clients::Settings settings = settings_.clients;
    if (settings_.kind == Kind::kResumption) settings.session = NewSession();
    settings.established = Clients::Established::kClosed;
    settings.in_flight = kHandshakesInFlight;
    settings.first_number = next_number_;
    Clients clients(settings, [](Handle, ByteView) {});
    times_.Start();
    const TimePoint start = NowOfClients();
    clients.ShakeUntil(start + std::chrono::milliseconds(ms));
    const std::chrono::duration<double> took = NowOfClients() - start;
    next_number_ += static_cast<uint32_t>(clients.established() + clients.failed());
    const size_t wanted_resumed = settings_.kind == Kind::kResumption ? clients.established() : 0;
    std::printf(
        "{\"handshakes\":%zu,\"otherKind\":%zu,\"withoutTicket\":%zu,\"withoutCookie\":%zu,\"failed\":%zu,"
        "\"retransmissions\":%.0f,\"seconds\":%.6f,\"serverCpuSeconds\":%.6f,\"loadCpuSeconds\":%.6f}\n",
        clients.established(),
        std::max(clients.resumed(), wanted_resumed) - std::min(clients.resumed(), wanted_resumed),
        clients.established() - clients.resumable(),
        clients.established() - std::min(clients.established(), clients.cookies()), clients.failed(),
        clients.retransmissions(), took.count(), times_.ServerSeconds(), times_.OwnSeconds());
  }

 private:
  // Of a full handshake.
  Bytes NewSession() {
    Clients::Settings settings = settings_.clients;
    settings.in_flight = 1;
    settings.first_number = next_number_++;
    Clients clients(settings, [](Handle, ByteView) {});
    clients.FillTo(1);
    Bytes session = CopyOf(clients.session(clients.handles().front()));
    if (session.empty()) Give("the server gives out no tickets");
    return session;
  }

  void ExpectRefusal(const Credentials& credentials) {
    Clients::Settings settings = settings_.clients;
    settings.credentials = credentials;
    settings.in_flight = 1;
    settings.handshake_timeout = kRefusedWithin;
    for (int trial = 0; trial < kMaxTrials; ++trial) {
      settings.first_number = next_number_++;
      Clients clients(settings, [](Handle, ByteView) {});
      clients.ShakeUntil(NowOfClients());
      if (clients.established() > 0) Give("the server lets in whoever it should not know");
      if (clients.refused() > 0) return;
    }
    Give("the server answers nobody");
  }

  const Settings settings_;
  CpuTimes times_;
  uint32_t next_number_ = kFirstNumber;
};

[[noreturn]] void ExplainUsage() {
  std::fprintf(stderr,
               "usage: handshake_load PORT SERVER_PID psk IDENTITY KEY(hex)\n"
               "       handshake_load PORT SERVER_PID ecdsa|mutual|resumption FOLDER\n");
  std::exit(2);
}

Kind ReadKind(const std::string& name) {
  if (name == "psk") return Kind::kPsk;
  if (name == "ecdsa") return Kind::kEcdsa;
  if (name == "mutual") return Kind::kMutual;
  if (name == "resumption") return Kind::kResumption;
  ExplainUsage();
}

Credentials WithIdentity(Credentials credentials, const std::string& file) {
  credentials.certificate = ReadFile(file + ".pem");
  credentials.private_key = ReadFile(file + ".key");
  return credentials;
}

Settings ReadSettings(int count, char** values) {
  if (count < 5) ExplainUsage();
  Settings settings;
  settings.kind = ReadKind(values[3]);
  if (count != (settings.kind == Kind::kPsk ? 6 : 5)) ExplainUsage();
  settings.server = std::atoi(values[2]);
  settings.clients.port = static_cast<uint16_t>(std::atoi(values[1]));
  settings.clients.mtu_bytes = kMtuBytes;
  Credentials& credentials = settings.clients.credentials;
  if (settings.kind == Kind::kPsk) {
    credentials.identity = values[4];
    credentials.key = FromHex(values[5]);
    return settings;
  }
  const std::string folder = std::string(values[4]) + "/";
  credentials.server = ReadCertificate(ReadFile(folder + "server.pem"));
  if (settings.kind == Kind::kMutual) {
    settings.refused = {credentials, WithIdentity(credentials, folder + "stranger")};
    credentials = WithIdentity(credentials, folder + "client");
  }
  return settings;
}

}  // namespace

int main(int count, char** values) {
  HandshakeLoad load(ReadSettings(count, values));
  SayReady();
  ObeyCommands([&](const std::string& command, std::istream& words) {
    long milliseconds = 0;
    words >> milliseconds;
    if (command == "handshakes") load.Run(milliseconds);
  });
  return 0;
}
