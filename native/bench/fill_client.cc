// The peers of a server that is to be filled: any number of client associations in one process with one
// socket, each from an address of its own in 127.0.0.0/8. Takes commands on standard input, one a line, and
// answers each with a line of JSON:
//
//   fill N         until N associations have been established in all
//   touch          one message from each, echoed
//   echo M AMONG   M messages, echoed, from random ones among the first AMONG
//
// fill_client PORT IDENTITY KEY(hex) [--connection-id] [--forget] [--in-flight N]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <random>
#include <sstream>

#include "bench/datagram_channel.h"
#include "core/endpoint/endpoint.h"

using namespace native_dtls;

namespace {

constexpr const char* kCiphers = "PSK-AES128-GCM-SHA256";
constexpr size_t kMessageBytes = 100;
// Messages under way at a time; UDP loses them when nobody takes them.
constexpr size_t kWindow = 64;
constexpr Duration kStalled = std::chrono::milliseconds(300);
constexpr int kMaxWaitMs = 20;

TimePoint Now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

double SecondsSince(TimePoint start) { return std::chrono::duration<double>(Now() - start).count(); }

struct Settings {
  uint16_t port = 0;
  std::string identity;
  Bytes key;
  bool connection_ids = false;
  bool forget = false;
  size_t in_flight = 200;
};

class FillClient {
 public:
  explicit FillClient(Settings settings)
      : settings_(std::move(settings)), context_(MakeContext()), options_(MakeOptions()) {}

  void Fill(size_t wanted) {
    const TimePoint start = Now();
    const size_t before = established_;
    while (established_ < wanted) {
      while (begun_ - finished() < settings_.in_flight && begun_ - failed_ < wanted) Begin();
      Turn();
    }
    const double retransmissions = counters_[static_cast<size_t>(Counter::kRetransmissions)];
    std::printf(
        "{\"established\":%zu,\"added\":%zu,\"failed\":%zu,\"seconds\":%.3f,\"retransmissions\":%.0f}\n",
        established_, established_ - before, failed_, SecondsSince(start), retransmissions);
  }

  void Touch() {
    next_touched_ = 0;
    Exchange(handles_.size(), [this] { return handles_[next_touched_++ % handles_.size()]; });
  }

  void Echo(size_t messages, size_t among) {
    if (handles_.empty()) return Exchange(0, [] { return kNoHandle; });
    std::uniform_int_distribution<size_t> any(0, std::min(among, handles_.size()) - 1);
    Exchange(messages, [this, any]() mutable { return handles_[any(random_)]; });
  }

 private:
  std::shared_ptr<const Context> MakeContext() const {
    ContextOptions options;
    options.ciphers = kCiphers;
    auto made = Context::Create(options);
    if (auto* context = std::get_if<std::shared_ptr<const Context>>(&made)) return *context;
    std::fprintf(stderr, "OpenSSL refuses %s\n", kCiphers);
    std::exit(1);
  }

  std::shared_ptr<const AssociationOptions> MakeOptions() const {
    auto options = std::make_shared<AssociationOptions>();
    options->handshake.psk = true;
    options->handshake.certificates = false;
    if (settings_.connection_ids) options->handshake.connection_id_bytes = 0;
    return options;
  }

  size_t finished() const { return established_ + failed_; }

  // 127.1.0.0 and up.
  Path NextPath() {
    Path path;
    path.peer_address = MappedIpv4(0x7f000001);
    path.peer_port = settings_.port;
    path.local_address = MappedIpv4(0x7f010000 + next_address_++);
    return path;
  }

  static std::array<uint8_t, 16> MappedIpv4(uint32_t address) {
    std::array<uint8_t, 16> mapped{};
    mapped[10] = mapped[11] = 0xff;
    for (size_t i = 0; i < 4; ++i) mapped[12 + i] = static_cast<uint8_t>(address >> (24 - 8 * i));
    return mapped;
  }

  void Begin() {
    const Handle handle = endpoint_.Connect(context_, options_, NextPath());
    if (handle == kNoHandle) {
      std::fprintf(stderr, "no room for another association\n");
      std::exit(1);
    }
    ++begun_;
    endpoint_.Start(Now(), handle);
    Drain();
  }

  void Turn() {
    channel_.Flush();
    channel_.Receive(kMaxWaitMs, [this](const Path& path, ByteView datagram) {
      endpoint_.Receive(Now(), path, datagram);
      Drain();
    });
    if (endpoint_.deadline() <= Now()) {
      endpoint_.HandleTimeout(Now());
      Drain();
    }
    channel_.Flush();
  }

  // Sends what the last call has produced, then deals with what it tells: that calls the endpoint again.
  void Drain() {
    const Outbox& outbox = endpoint_.outbox();
    for (const auto& datagram : outbox.datagrams()) {
      if (const Path* path = endpoint_.PathOf(datagram.handle)) {
        channel_.Send(*path, outbox.BytesAt(datagram.offset, datagram.size));
      }
    }
    messages_received_ += outbox.messages().size();
    for (const Event& event : outbox.ends()) failed_ += event.kind == EventKind::kFailed;
    std::vector<std::pair<EventKind, Handle>> told;
    for (const Event& event : outbox.events()) told.emplace_back(event.kind, event.handle);
    for (const auto& [kind, handle] : told) Follow(kind, handle);
  }

  void Follow(EventKind kind, Handle handle) {
    if (kind == EventKind::kPskRequired) {
      const ByteView identity(reinterpret_cast<const uint8_t*>(settings_.identity.data()),
                              settings_.identity.size());
      endpoint_.AnswerPsk(Now(), handle, identity, settings_.key);
      Drain();
    } else if (kind == EventKind::kEstablished) {
      ++established_;
      if (settings_.forget) {
        endpoint_.Abort(handle);
      } else {
        handles_.push_back(handle);
      }
    }
  }

  template <typename Next>
  void Exchange(size_t messages, Next next) {
    const TimePoint start = Now();
    TimePoint heard = start;
    size_t lost = 0;
    size_t under_way = 0;
    messages_received_ = 0;
    for (size_t received = 0; received < messages;) {
      for (; under_way < kWindow && received + under_way < messages; ++under_way) SendOne(next());
      Turn();
      const size_t news = messages_received_ - received;
      received = messages_received_;
      under_way -= std::min(under_way, news);
      if (news > 0) heard = Now();
      if (Now() - heard > kStalled) {
        lost += std::exchange(under_way, 0);
        heard = Now();
      }
    }
    std::printf("{\"echoes\":%zu,\"lost\":%zu,\"seconds\":%.3f}\n", messages, lost, SecondsSince(start));
  }

  void SendOne(Handle handle) {
    static const Bytes message(kMessageBytes, 'm');
    if (endpoint_.Send(handle, message) != Association::SendResult::kSent) {
      std::fprintf(stderr, "an association has ended\n");
      std::exit(1);
    }
    Drain();
  }

  const Settings settings_;
  const std::shared_ptr<const Context> context_;
  const std::shared_ptr<const AssociationOptions> options_;
  double counters_[kCounterCount] = {};
  Endpoint endpoint_{counters_};
  DatagramChannel channel_;
  std::vector<Handle> handles_;
  std::mt19937_64 random_{1};
  uint32_t next_address_ = 0;
  size_t begun_ = 0;
  size_t established_ = 0;
  size_t failed_ = 0;
  size_t next_touched_ = 0;
  size_t messages_received_ = 0;
};

Bytes FromHex(const std::string& text) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

Settings ReadSettings(int count, char** values) {
  if (count < 4) {
    std::fprintf(stderr,
                 "usage: fill_client PORT IDENTITY KEY(hex) [--connection-id] [--forget] [--in-flight N]\n");
    std::exit(2);
  }
  Settings settings;
  settings.port = static_cast<uint16_t>(std::atoi(values[1]));
  settings.identity = values[2];
  settings.key = FromHex(values[3]);
  for (int i = 4; i < count; ++i) {
    const std::string option = values[i];
    settings.connection_ids |= option == "--connection-id";
    settings.forget |= option == "--forget";
    if (option == "--in-flight" && i + 1 < count) settings.in_flight = std::strtoul(values[++i], nullptr, 10);
  }
  return settings;
}

}  // namespace

int main(int count, char** values) {
  FillClient client(ReadSettings(count, values));
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    size_t number = 0;
    size_t among = 0;
    words >> command >> number >> among;
    if (command == "fill") client.Fill(number);
    if (command == "touch") client.Touch();
    if (command == "echo") client.Echo(number, among);
    std::fflush(stdout);
  }
  return 0;
}
