// One side of a handshake, a client or a server, whose peer says whatever the input says: messages whose
// headers are as they should be around bodies of any kind, fragments and records of any kind, raw datagrams;
// at any time, and with answers of the application early, late or not at all.
#pragma once

#include <cstdlib>
#include <deque>

#include "core/endpoint/endpoint.h"
#include "core/wire/byte_reader.h"
#include "fuzz/credentials.h"
#include "fuzz/input.h"

namespace native_dtls {

class FuzzedPeer {
 public:
  virtual ~FuzzedPeer() = default;

  void Run(Input input) {
    for (int steps = 0; steps < kMaxSteps && !input.empty(); ++steps) Step(input);
  }

 protected:
  static constexpr uint16_t kPort = 5684;

  // The types of messages that the peer may say, as the input names them.
  virtual HandshakeType TypeOf(uint8_t byte) const = 0;
  // A whole message of the peer, about to be sent; it may be changed.
  virtual void Prepare(HandshakeType, Bytes&) {}
  // A datagram that the side under test has sent.
  virtual void See(ByteView) {}

  static Path PeerPath() {
    Path path;
    path.peer_port = kPort;
    return path;
  }

  void Receive(ByteView datagram) {
    // In memory of exactly its size.
    const auto memory = std::make_unique<uint8_t[]>(datagram.size());
    std::ranges::copy(datagram, memory.get());
    endpoint_.Receive(now_, PeerPath(), {memory.get(), datagram.size()});
    Drain();
  }

  void Drain() {
    const Outbox& outbox = endpoint_.outbox();
    std::deque<Bytes> sent;
    for (const auto& datagram : outbox.datagrams()) {
      sent.push_back(CopyOf(outbox.BytesAt(datagram.offset, datagram.size)));
    }
    for (const Event& event : outbox.events()) {
      if (event.kind == EventKind::kHelloReceived || event.kind == EventKind::kPskRequired ||
          event.kind == EventKind::kCertificateReceived) {
        asked_.push_back({event.handle, event.kind});
      }
      // Nobody has the keys to seal a Finished.
      if (event.kind == EventKind::kEstablished) std::abort();
    }
    for (const Bytes& datagram : sent) See(datagram);
  }

  // The datagram that was heard last.
  ByteView heard() const { return last_; }

  double counters_[kCounterCount] = {};
  Endpoint endpoint_{counters_};
  TimePoint now_{};

 private:
  // What more steps could show, shorter inputs show sooner.
  static constexpr int kMaxSteps = 64;

  enum Action : uint8_t {
    kMessage,
    kFragment,
    kRecord,
    kDatagram,
    kAnswer,
    kWait,
    kRepeat,
    kSkip,
    kBack,
    kChangeCipherSpec,
    kInFragments,
    kCount
  };

  struct Question {
    Handle handle;
    EventKind kind;
  };

  void Step(Input& input) {
    switch (input.Byte() % kCount) {
      case kMessage:
        return SayMessage(input, 0);
      case kInFragments:
        return SayMessage(input, 1 + input.Byte());
      case kFragment: {
        const HandshakeType type = TypeOf(input.Byte());
        const size_t length = input.Size();
        const size_t offset = input.Size();
        const ByteView body = input.Take(input.Byte());
        return Say(ContentType::kHandshake, 0, Fragment(type, next_message_, length, offset, body));
      }
      case kRecord: {
        const uint8_t byte = input.Byte();
        const auto type = static_cast<ContentType>(20 + byte % 8);
        return Say(type, byte >> 6, CopyOf(input.Take(input.Size())));
      }
      case kDatagram:
        return Hear(CopyOf(input.Take(input.Size())));
      case kAnswer:
        return Answer(input.Byte());
      case kWait:
        now_ += std::chrono::milliseconds(16 * input.Byte());
        endpoint_.HandleTimeout(now_);
        return Drain();
      case kRepeat:
        return Receive(CopyOf(last_));
      case kSkip:
        ++next_message_;
        return;
      case kBack:
        if (next_message_ > 0) --next_message_;
        return;
      default:
        return Say(ContentType::kChangeCipherSpec, 0, {1});
    }
  }

  // In one record, or in fragments of so many bytes.
  void SayMessage(Input& input, size_t fragment_bytes) {
    const HandshakeType type = TypeOf(input.Byte());
    Bytes body = CopyOf(input.Take(input.Size()));
    Prepare(type, body);
    size_t done = 0;
    do {
      const size_t left = body.size() - done;
      const size_t size = fragment_bytes == 0 ? left : std::min(left, fragment_bytes);
      Say(ContentType::kHandshake, 0,
          Fragment(type, next_message_, body.size(), done, ByteView(body).subspan(done, size)));
      done += size;
    } while (done < body.size());
    ++next_message_;
  }

  static Bytes Fragment(HandshakeType type, uint16_t number, size_t length, size_t offset, ByteView body) {
    Bytes fragment(kHandshakeHeaderBytes + body.size());
    uint8_t* at = PutInteger(fragment.data(), static_cast<uint8_t>(type), 1);
    at = PutInteger(at, length, 3);
    at = PutInteger(at, number, 2);
    at = PutInteger(at, offset, 3);
    at = PutInteger(at, body.size(), 3);
    std::ranges::copy(body, at);
    return fragment;
  }

  void Say(ContentType type, uint16_t epoch, Bytes body) {
    // It would not go into its record.
    if (body.size() > 0xffff) body.resize(0xffff);
    Bytes datagram(kRecordHeaderBytes + body.size());
    const RecordHeader header{.type = type, .version = kDtls12, .epoch = epoch, .sequence = next_record_++};
    std::ranges::copy(body, PutRecordHeader(datagram.data(), header, body.size()));
    Hear(std::move(datagram));
  }

  void Hear(Bytes datagram) {
    last_ = std::move(datagram);
    Receive(CopyOf(last_));
  }

  void Answer(uint8_t byte) {
    if (asked_.empty()) return;
    const Question question = asked_.front();
    asked_.pop_front();
    // Now and then no.
    const bool yes = byte % 8 != 0;
    if (question.kind == EventKind::kHelloReceived) {
      AnswerHello(question.handle, byte);
    } else if (question.kind == EventKind::kCertificateReceived) {
      endpoint_.AnswerCertificate(now_, question.handle, yes);
    } else {
      const auto key = yes ? std::optional(BytesOfText(kPskText)) : std::nullopt;
      endpoint_.AnswerPsk(now_, question.handle, BytesOfText(kIdentityText), key);
    }
    Drain();
  }

  // With the server's own context and protocols, or with others.
  void AnswerHello(Handle handle, uint8_t byte) {
    constexpr uint8_t kProtocols[] = {2, 'h', '2'};
    if (byte % 8 == 0) return endpoint_.RefuseHello(now_, handle, static_cast<Alert>(byte));
    endpoint_.AnswerHello(now_, handle, byte & 0x10 ? PlainContext() : nullptr,
                          byte & 0x20 ? std::optional(ByteView(kProtocols)) : std::nullopt);
  }

  std::deque<Question> asked_;
  Bytes last_;
  uint16_t next_message_ = 0;
  uint64_t next_record_ = 0;
};

}  // namespace native_dtls
