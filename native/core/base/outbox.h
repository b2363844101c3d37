// What one call into the core has produced: datagrams to send and events to tell, in order. The core appends,
// the caller drains and clears; nothing is ever called back.
#pragma once

#include <utility>
#include <vector>

#include "core/base/byte_buffer.h"
#include "core/base/event.h"

namespace native_dtls {

// Where a datagram goes: to where the peer of its association is, to where it seems to be, or to wherever the
// datagram in hand has come from.
enum class Destination : uint8_t { kPeer, kCandidate, kSender };

class Outbox {
 public:
  struct Datagram {
    Handle handle;
    size_t offset;
    size_t size;
    Destination to = Destination::kPeer;
  };

  // What a peer has said.
  struct Message {
    Handle handle;
    size_t offset;
    size_t size;
  };

  void AddDatagram(Handle handle, ByteView datagram) {
    datagrams_.push_back({handle, bytes_.size(), datagram.size()});
    bytes_.Append(datagram);
  }

  // Room for a datagram that the caller fills at once; valid until the next call.
  std::span<uint8_t> NewDatagram(Handle handle, size_t size, Destination to = Destination::kPeer) {
    datagrams_.push_back({handle, bytes_.size(), size, to});
    return bytes_.Grow(size);
  }

  // Takes the last datagram back.
  void DropLastDatagram() {
    bytes_.ShrinkTo(datagrams_.back().offset);
    datagrams_.pop_back();
  }

  // Takes the first datagram out; what it holds stays to be read.
  void DropFirstDatagram() { datagrams_.erase(datagrams_.begin()); }

  // The last datagram goes to where the peer seems to be as well.
  void CopyLastDatagram() {
    datagrams_.push_back(datagrams_.back());
    datagrams_.back().to = Destination::kCandidate;
  }

  // Messages are kept apart from the events, because they are dealt with after them.
  void AddMessage(Handle handle, ByteView message) {
    messages_.push_back({handle, bytes_.size(), message.size()});
    bytes_.Append(message);
  }

  // Room to open a record in, so that its message need not be copied. Valid until the next call, which may be
  // one of the two that follow.
  std::span<uint8_t> Reserve(size_t size) {
    reserved_at_ = bytes_.size();
    return bytes_.Grow(size);
  }

  // What lies at `message`, in the room just reserved, is a message; the rest of the room is given back.
  void KeepMessage(Handle handle, ByteView message) {
    const auto offset = static_cast<size_t>(message.data() - bytes_.data());
    bytes_.ShrinkTo(offset + message.size());
    messages_.push_back({handle, offset, message.size()});
  }

  void GiveBack() { bytes_.ShrinkTo(reserved_at_); }

  void AddEvent(EventKind kind, Handle handle, uint32_t detail = 0) {
    events_.push_back({.kind = kind, .handle = handle, .detail = detail});
  }

  void AddEventOf(EventKind kind, const Path& peer) {
    Event event{.kind = kind, .handle = kNoHandle};
    event.peer = std::make_unique<Path>(peer);
    events_.push_back(std::move(event));
  }

  void AddHelloQuestion(Handle handle, HelloQuestion question) {
    Event event{.kind = EventKind::kHelloReceived, .handle = handle};
    event.hello = std::make_unique<HelloQuestion>(std::move(question));
    events_.push_back(std::move(event));
  }

  void AddPskQuestion(Handle handle, ByteView identity_or_hint, bool present) {
    Event event{.kind = EventKind::kPskRequired, .handle = handle};
    if (present) Attach(event, identity_or_hint);
    events_.push_back(std::move(event));
  }

  void AddCertificateQuestion(Handle handle, std::unique_ptr<CertificateQuestion> question) {
    Event event{.kind = EventKind::kCertificateReceived,
                .handle = handle,
                .detail = static_cast<uint32_t>(question->errors.size())};
    event.question = std::move(question);
    events_.push_back(std::move(event));
  }

  // An end comes after everything that its association has said, messages included.
  void AddFailure(Handle handle, Failure failure) {
    Event event{.kind = EventKind::kFailed, .handle = handle, .detail = static_cast<uint32_t>(failure.kind)};
    event.failure = std::make_unique<Failure>(std::move(failure));
    ends_.push_back(std::move(event));
  }

  void AddClose(Handle handle, CloseReason reason) {
    ends_.push_back({.kind = EventKind::kClosed, .handle = handle, .detail = static_cast<uint32_t>(reason)});
  }

  ByteView BytesAt(size_t offset, size_t size) const { return bytes_.view().subspan(offset, size); }

  // They have been dealt with; what happened stays.
  void ForgetDatagrams() { datagrams_.clear(); }

  const std::vector<Datagram>& datagrams() const { return datagrams_; }
  const std::vector<Event>& events() const { return events_; }
  const std::vector<Message>& messages() const { return messages_; }
  const std::vector<Event>& ends() const { return ends_; }
  size_t event_count() const { return events_.size() + ends_.size(); }

  void Clear() {
    datagrams_.clear();
    events_.clear();
    messages_.clear();
    ends_.clear();
    bytes_.Clear(kKeptBytes);
  }

 private:
  // A burst must not pin its memory for ever.
  static constexpr size_t kKeptBytes = 1 << 20;

  void Attach(Event& event, ByteView bytes) {
    event.has_bytes = true;
    event.offset = bytes_.size();
    event.size = bytes.size();
    bytes_.Append(bytes);
  }

  ByteBuffer bytes_;
  size_t reserved_at_ = 0;
  std::vector<Datagram> datagrams_;
  std::vector<Event> events_;
  std::vector<Message> messages_;
  std::vector<Event> ends_;
};

}  // namespace native_dtls
