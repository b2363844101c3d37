// The peers of a server that is to be filled. Takes commands on standard input, one a line, and answers each
// with a line of JSON:
//
//   fill N         until N associations have been established in all
//   touch          one message from each, echoed
//   echo M AMONG   M messages, echoed, from random ones among the first AMONG
//
// fill_client PORT IDENTITY KEY(hex) [--connection-id] [--forget] [--in-flight N]
#include <cstdio>
#include <cstdlib>
#include <random>

#include "bench/clients.h"
#include "bench/commands.h"
#include "bench/hex.h"

using namespace native_dtls;

namespace {

constexpr size_t kMessageBytes = 100;
// Messages under way at a time; UDP loses them when nobody takes them.
constexpr size_t kWindow = 64;
constexpr Duration kStalled = std::chrono::milliseconds(300);

double SecondsSince(TimePoint start) { return std::chrono::duration<double>(NowOfClients() - start).count(); }

class FillClient {
 public:
  explicit FillClient(Clients::Settings settings)
      : clients_(std::move(settings), [this](Handle, ByteView) { ++messages_received_; }) {}

  void Fill(size_t wanted) {
    const TimePoint start = NowOfClients();
    const size_t before = clients_.established();
    clients_.FillTo(wanted);
    std::printf(
        "{\"established\":%zu,\"added\":%zu,\"failed\":%zu,\"seconds\":%.3f,\"retransmissions\":%.0f}\n",
        clients_.established(), clients_.established() - before, clients_.failed(), SecondsSince(start),
        clients_.retransmissions());
  }

  void Touch() {
    size_t next = 0;
    Exchange(handles().size(), [this, next]() mutable { return handles()[next++ % handles().size()]; });
  }

  void Echo(size_t messages, size_t among) {
    if (handles().empty()) return Exchange(0, [] { return kNoHandle; });
    std::uniform_int_distribution<size_t> any(0, std::min(among, handles().size()) - 1);
    Exchange(messages, [this, any]() mutable { return handles()[any(random_)]; });
  }

 private:
  const std::vector<Handle>& handles() const { return clients_.handles(); }

  template <typename Next>
  void Exchange(size_t messages, Next next) {
    static const Bytes message(kMessageBytes, 'm');
    const TimePoint start = NowOfClients();
    TimePoint heard = start;
    size_t lost = 0;
    size_t under_way = 0;
    messages_received_ = 0;
    for (size_t received = 0; received < messages;) {
      for (; under_way < kWindow && received + under_way < messages; ++under_way) {
        clients_.Send(next(), message);
      }
      clients_.Turn();
      const size_t news = messages_received_ - received;
      received = messages_received_;
      under_way -= std::min(under_way, news);
      if (news > 0) heard = NowOfClients();
      if (NowOfClients() - heard > kStalled) {
        lost += std::exchange(under_way, 0);
        heard = NowOfClients();
      }
    }
    std::printf("{\"echoes\":%zu,\"lost\":%zu,\"seconds\":%.3f}\n", messages, lost, SecondsSince(start));
  }

  size_t messages_received_ = 0;
  std::mt19937_64 random_{1};
  Clients clients_;
};

Clients::Settings ReadSettings(int count, char** values) {
  if (count < 4) {
    std::fprintf(stderr,
                 "usage: fill_client PORT IDENTITY KEY(hex) [--connection-id] [--forget] [--in-flight N]\n");
    std::exit(2);
  }
  Clients::Settings settings;
  settings.port = static_cast<uint16_t>(std::atoi(values[1]));
  settings.credentials.identity = values[2];
  settings.credentials.key = FromHex(values[3]);
  for (int i = 4; i < count; ++i) {
    const std::string option = values[i];
    settings.connection_ids |= option == "--connection-id";
    if (option == "--forget") settings.established = Clients::Established::kForgotten;
    if (option == "--in-flight" && i + 1 < count) settings.in_flight = std::strtoul(values[++i], nullptr, 10);
  }
  return settings;
}

}  // namespace

int main(int count, char** values) {
  FillClient client(ReadSettings(count, values));
  ObeyCommands([&](const std::string& command, std::istream& words) {
    size_t number = 0;
    size_t among = 0;
    words >> number >> among;
    if (command == "fill") client.Fill(number);
    if (command == "touch") client.Touch();
    if (command == "echo") client.Echo(number, among);
  });
  return 0;
}
