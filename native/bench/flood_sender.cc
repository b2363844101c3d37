// Strangers by the million: sends datagrams from addresses that it has never heard an answer at, all out of
// 127.64.0.0/10, to one server on 127.0.0.1. Takes commands on standard input, one a line, and answers each
// with a line of JSON:
//
//   flood RATE MS KIND   RATE datagrams a second (0: as many as go) for MS milliseconds. KIND is
//                        mixed: of eight four ClientHellos with a cookie that the server has made for
//                               another address, three without one, and one that is no hello at all, though
//                               it begins like one
//                        hellos: without a cookie, all of them
//                        sender: the same, from one address
//                        records: of application data, which nobody has sealed
//
// flood_sender PORT
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "bench/commands.h"
#include "bench/datagram_channel.h"
#include "bench/stranger_hello.h"
#include "core/base/clock.h"
#include "core/wire/byte_reader.h"
#include "core/wire/client_hello.h"
#include "core/wire/record.h"

using namespace native_dtls;

namespace {

constexpr uint32_t kServerAddress = 0x7f000001;
constexpr uint32_t kFirstStranger = 0x7f400000;
constexpr uint32_t kStrangers = 1 << 22;
constexpr int kAnswerMs = 2000;
constexpr auto kPause = std::chrono::milliseconds(1);
// What a late wake-up has missed is made up for, in bursts no longer than this at the wished rate.
constexpr double kBurstSeconds = 0.02;
constexpr double kBatch = 1024;

std::array<uint8_t, 16> MappedIpv4(uint32_t address) {
  std::array<uint8_t, 16> mapped{};
  PutInteger(mapped.data() + 10, 0xffff, 2);
  PutInteger(mapped.data() + 12, address, 4);
  return mapped;
}

class FloodSender {
 public:
  explicit FloodSender(uint16_t port) {
    path_.peer_address = MappedIpv4(kServerAddress);
    path_.peer_port = port;
    path_.local_address = MappedIpv4(kServerAddress);
    refused_ = WriteStrangerHello(AskForCookie());
    MakeMalformed();
    MakeRecord();
  }

  void Flood(double rate, double seconds, const std::string& kind) {
    kind_ = kind;
    const auto start = std::chrono::steady_clock::now();
    uint64_t sent = 0;
    for (;;) {
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      if (elapsed.count() >= seconds) break;
      const double due =
          rate == 0 ? kBatch
                    : std::min(rate * elapsed.count() - static_cast<double>(sent), rate * kBurstSeconds);
      for (double i = 1; i <= due; ++i) SendNext(sent++);
      channel_.Flush();
      if (rate != 0) std::this_thread::sleep_for(kPause);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("{\"sent\":%llu,\"seconds\":%.3f}\n", static_cast<unsigned long long>(sent), took.count());
  }

 private:
  // One that the server has made, so that it looks at it as closely as it can.
  Bytes AskForCookie() {
    channel_.Send(path_, first_);
    channel_.Flush();
    Bytes cookie;
    channel_.Receive(kAnswerMs, [&cookie](const Path&, ByteView answer) {
      if (answer.size() == kHelloVerifyRequestBytes) cookie = CopyOf(answer.last(kCookieBytes));
    });
    if (cookie.empty()) {
      std::fprintf(stderr, "the server answers no hello\n");
      std::exit(1);
    }
    return cookie;
  }

  void MakeMalformed() {
    constexpr size_t kFragmentLengthOffset = kRecordHeaderBytes + 9;
    constexpr size_t kSessionIdOffset = kStrangerRandomOffset + 32;
    malformed_.fill(first_);
    malformed_[0].resize(first_.size() / 2);
    malformed_[1][kFragmentLengthOffset] = 0xff;
    malformed_[2][kSessionIdOffset] = 0xff;
    std::fill(malformed_[3].begin() + kRecordHeaderBytes, malformed_[3].end(), uint8_t{0xa5});
  }

  void SendNext(uint64_t number) {
    const uint64_t stranger = kind_ == "sender" ? 0 : number % kStrangers;
    path_.local_address = MappedIpv4(kFirstStranger + static_cast<uint32_t>(stranger));
    if (kind_ == "records") return channel_.Send(path_, record_);
    // Without a cookie it is turn 1.
    const uint64_t turn = kind_ == "mixed" ? number % 8 : 1;
    if (turn == 7) return channel_.Send(path_, malformed_[number / 8 % malformed_.size()]);
    Bytes& hello = turn % 2 == 0 ? refused_ : first_;
    PutInteger(hello.data() + kStrangerRandomOffset, number, 8);
    channel_.Send(path_, hello);
  }

  void MakeRecord() {
    constexpr size_t kBodyBytes = 100;
    record_.resize(kRecordHeaderBytes + kBodyBytes, 0xa5);
    PutRecordHeader(record_.data(),
                    {.type = ContentType::kApplicationData, .version = kDtls12, .epoch = 1, .sequence = 1},
                    kBodyBytes);
  }

  DatagramChannel channel_;
  Path path_;
  Bytes first_ = WriteStrangerHello({});
  Bytes refused_;
  std::array<Bytes, 4> malformed_;
  Bytes record_;
  std::string kind_;
};

}  // namespace

int main(int count, char** values) {
  if (count != 2) {
    std::fprintf(stderr, "usage: flood_sender PORT\n");
    return 2;
  }
  FloodSender sender(static_cast<uint16_t>(std::atoi(values[1])));
  SayReady();
  ObeyCommands([&](const std::string& command, std::istream& words) {
    double rate = 0;
    double milliseconds = 0;
    std::string kind;
    words >> rate >> milliseconds >> kind;
    if (command == "flood") sender.Flood(rate, milliseconds / 1000, kind);
  });
  return 0;
}
