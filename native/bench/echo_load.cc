// The load of the echo measurement: N peers of an echo server, each with a window of messages in flight. Says
// {"ready":true} when they are connected, then takes commands on standard input, one a line, and answers each
// with a line of JSON:
//
//   echo MS [MOST]   messages for so many milliseconds, no more than MOST in flight at a time
//
// CPU times are those of the server's process and of this one, from the first message to the last echo.
//
// echo_load PORT SERVER_PID plain PEERS WINDOW BYTES
// echo_load PORT SERVER_PID dtls PEERS WINDOW BYTES IDENTITY KEY(hex)
// echo_load PORT SERVER_PID tls PEERS WINDOW BYTES IDENTITY KEY(hex)      over TCP
// echo_load PORT SERVER_PID certificate PEERS WINDOW BYTES                DTLS; whatever the server has
#include <cstdio>
#include <cstdlib>

#include "bench/commands.h"
#include "bench/cpu_times.h"
#include "bench/echo_windows.h"
#include "bench/hex.h"
#include "bench/tls_carrier.h"

using namespace native_dtls;

namespace {

// A message of 1200 bytes is still one record; the servers' is the same.
constexpr size_t kMtuBytes = 1400;

struct Settings {
  pid_t server = 0;
  std::string protocol;
  size_t peers = 0;
  size_t window = 0;
  size_t bytes = 0;
  Clients::Settings clients;
};

class EchoLoad {
 public:
  explicit EchoLoad(const Settings& settings)
      : times_(settings.server), windows_(settings.peers, settings.window, settings.bytes) {
    const auto take = [this](size_t peer, ByteView message) { windows_.Take(peer, message); };
    if (settings.protocol == "plain") {
      carrier_ = EchoCarrier::NewPlain(settings.clients.port, take);
    } else if (settings.protocol == "tls") {
      const Credentials& credentials = settings.clients.credentials;
      carrier_ = NewTlsCarrier({settings.clients.port, credentials.identity, credentials.key, settings.peers,
                                windows_.message_bytes()},
                               take);
    } else {
      carrier_ = EchoCarrier::NewDtls(settings.clients, settings.peers, take);
    }
  }

  void Echo(long ms, size_t most_in_flight) {
    times_.Start();
    const auto round = windows_.Run(*carrier_, std::chrono::milliseconds(ms), most_in_flight);
    std::printf(
        "{\"echoes\":%zu,\"answered\":%zu,\"lost\":%zu,\"late\":%zu,\"wrong\":%zu,\"seconds\":%.6f,"
        "\"serverCpuSeconds\":%.6f,\"loadCpuSeconds\":%.6f,\"p50Us\":%.2f,\"p99Us\":%.2f,\"p999Us\":%.2f}\n",
        round.echoes, round.answered, round.lost, round.late, round.wrong, round.seconds,
        times_.ServerSeconds(), times_.OwnSeconds(), round.round_trips.QuantileNs(0.5) / 1000,
        round.round_trips.QuantileNs(0.99) / 1000, round.round_trips.QuantileNs(0.999) / 1000);
  }

 private:
  CpuTimes times_;
  EchoWindows windows_;
  std::unique_ptr<EchoCarrier> carrier_;
};

Settings ReadSettings(int count, char** values) {
  const std::string protocol = count > 3 ? values[3] : "";
  const bool with_key = count == 9 && (protocol == "dtls" || protocol == "tls");
  const bool without = count == 7 && (protocol == "plain" || protocol == "certificate");
  if (!with_key && !without) {
    std::fprintf(stderr,
                 "usage: echo_load PORT SERVER_PID plain|certificate PEERS WINDOW BYTES\n"
                 "       echo_load PORT SERVER_PID dtls|tls PEERS WINDOW BYTES IDENTITY KEY(hex)\n");
    std::exit(2);
  }
  Settings settings;
  settings.clients.port = static_cast<uint16_t>(std::atoi(values[1]));
  settings.clients.mtu_bytes = kMtuBytes;
  settings.server = std::atoi(values[2]);
  settings.protocol = protocol;
  settings.peers = std::strtoul(values[4], nullptr, 10);
  settings.window = std::strtoul(values[5], nullptr, 10);
  settings.bytes = std::strtoul(values[6], nullptr, 10);
  if (with_key) {
    settings.clients.credentials.identity = values[7];
    settings.clients.credentials.key = FromHex(values[8]);
  }
  return settings;
}

}  // namespace

int main(int count, char** values) {
  EchoLoad load(ReadSettings(count, values));
  SayReady();
  ObeyCommands([&](const std::string& command, std::istream& words) {
    long milliseconds = 0;
    size_t most_in_flight = 0;
    words >> milliseconds;
    if (!(words >> most_in_flight)) most_in_flight = EchoWindows::kMostInFlight;
    if (command == "echo") load.Echo(milliseconds, most_in_flight);
  });
  return 0;
}
