// The sink of the bulk measurement: one peer of a server that sends it as many messages as it grants. Says
// {"ready":true} when it is connected, then takes commands on standard input, one a line, and answers each
// with a line of JSON:
//
//   bulk MS   takes messages for so many milliseconds
//
// CPU times are those of the server's process and of this one, from the first credit to the last message.
//
// bulk_sink PORT SERVER_PID plain 1 WINDOW BYTES
// bulk_sink PORT SERVER_PID dtls 1 WINDOW BYTES IDENTITY KEY(hex)

#include "bench/bulk_window.h"
#include "bench/commands.h"
#include "bench/cpu_times.h"
#include "bench/hex.h"

using namespace native_dtls;

namespace {

// A message of 1200 bytes is still one record; the servers' is the same.
constexpr size_t kMtuBytes = 1400;

void Measure(long ms, BulkWindow& window, EchoCarrier& carrier, CpuTimes& times) {
  times.Start();
  const auto round = window.Run(carrier, std::chrono::milliseconds(ms));
  std::printf(
      "{\"delivered\":%zu,\"taken\":%zu,\"lost\":%zu,\"late\":%zu,\"repeated\":%zu,\"wrong\":%zu,"
      "\"seconds\":%.6f,\"serverCpuSeconds\":%.6f,\"loadCpuSeconds\":%.6f}\n",
      round.delivered, round.taken, round.lost, round.late, round.repeated, round.wrong, round.seconds,
      times.ServerSeconds(), times.OwnSeconds());
}

}  // namespace

int main(int count, char** values) {
  const bool dtls = count == 9 && std::string(values[3]) == "dtls";
  const bool plain = count == 7 && std::string(values[3]) == "plain";
  if ((!dtls && !plain) || std::string(values[4]) != "1") {
    std::fprintf(stderr, "usage: bulk_sink PORT SERVER_PID plain|dtls 1 WINDOW BYTES [IDENTITY KEY(hex)]\n");
    return 2;
  }
  Clients::Settings settings;
  settings.port = static_cast<uint16_t>(std::atoi(values[1]));
  settings.mtu_bytes = kMtuBytes;
  settings.bursts = DatagramChannel::Bursts::kWhole;
  if (dtls) {
    settings.credentials.identity = values[7];
    settings.credentials.key = FromHex(values[8]);
  }
  CpuTimes times(std::atoi(values[2]));
  BulkWindow window(std::strtoul(values[5], nullptr, 10), std::strtoul(values[6], nullptr, 10));
  const auto take = [&window](size_t, ByteView message) { window.Take(message); };
  const auto carrier = dtls ? EchoCarrier::NewDtls(settings, 1, take)
                            : EchoCarrier::NewPlain(settings.port, take, settings.bursts);
  SayReady();
  ObeyCommands([&](const std::string& command, std::istream& words) {
    long milliseconds = 0;
    words >> milliseconds;
    if (command == "bulk") Measure(milliseconds, window, *carrier, times);
  });
  return 0;
}
