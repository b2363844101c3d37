#include "core/handshake/record_sender.h"

#include <array>

#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

// A fragment with less of its message in it is not worth its headers.
constexpr size_t kMinFragmentBytes = 32;

constexpr size_t RecordBytes(uint16_t epoch, size_t body_bytes, const Records* records) {
  return epoch == 0 ? kRecordHeaderBytes + body_bytes : records->SealedBytes(body_bytes);
}

RecordHeader HeaderOf(const FlightPart& part) {
  return {.type = part.type, .version = part.version, .epoch = part.epoch, .sequence = 0};
}

}  // namespace

// Fills one datagram after the other.
class RecordSender::Packer {
 public:
  Packer(RecordSender* sender, size_t mtu_bytes, Records* records)
      : sender_(sender), mtu_bytes_(mtu_bytes), records_(records) {}
  ~Packer() { Flush(); }

  void Add(const FlightPart& part) {
    if (part.epoch != 0 && records_ == nullptr) return;
    if (part.epoch != 0 && in_fragments_ && !records_->connection_ids().peer.empty()) Flush();
    ByteView body = part.body;
    const auto fragment = part.type == ContentType::kHandshake ? TakeHandshakeFragment(body) : std::nullopt;
    if (fragment) {
      AddFragments(part, *fragment);
    } else {
      MakeRoom(RecordBytes(part.epoch, part.body.size(), records_));
      Put(part, part.body);
    }
  }

 private:
  void AddFragments(const FlightPart& part, const HandshakeFragment& whole) {
    const uint16_t epoch = part.epoch;
    size_t done = 0;
    do {
      const size_t left = whole.body.size() - done;
      MakeRoom(RecordBytes(epoch, kHandshakeHeaderBytes + std::min(left, kMinFragmentBytes), records_));
      const size_t room = mtu_bytes_ - datagram_.size() - RecordBytes(epoch, kHandshakeHeaderBytes, records_);
      const size_t size = std::min(left, room);
      Bytes fragment(kHandshakeHeaderBytes + size);
      uint8_t* at = PutInteger(fragment.data(), static_cast<uint8_t>(whole.type), 1);
      at = PutInteger(at, whole.message_length, 3);
      at = PutInteger(at, whole.message_seq, 2);
      at = PutInteger(at, whole.offset + done, 3);
      at = PutInteger(at, size, 3);
      std::ranges::copy(whole.body.subspan(done, size), at);
      Put(part, fragment);
      in_fragments_ |= size < whole.message_length;
      done += size;
    } while (done < whole.body.size());
  }

  void MakeRoom(size_t bytes) {
    if (datagram_.size() + bytes > mtu_bytes_) Flush();
  }

  void Put(const FlightPart& part, ByteView body) {
    const size_t before = datagram_.size();
    datagram_.resize(before + RecordBytes(part.epoch, body.size(), records_));
    const size_t written = sender_->PutRecord(HeaderOf(part), body, records_, datagram_.data() + before);
    datagram_.resize(before + written);
  }

  void Flush() {
    if (!datagram_.empty()) sender_->outbox_->AddDatagram(sender_->handle_, datagram_);
    datagram_.clear();
    in_fragments_ = false;
  }

  RecordSender* sender_;
  size_t mtu_bytes_;
  Records* records_;
  Bytes datagram_;
  // The datagram in hand holds a part of a message. mbedTLS then drops a record with a Connection ID behind
  // it.
  bool in_fragments_ = false;
};

void RecordSender::SendFlight(const Flight& flight, size_t mtu_bytes, Records* records) {
  Packer packer(this, mtu_bytes, records);
  for (const FlightPart& part : flight) packer.Add(part);
}

void RecordSender::SendAlert(AlertLevel level, Alert alert, Records* records) {
  const std::array<uint8_t, 2> body = {static_cast<uint8_t>(level), static_cast<uint8_t>(alert)};
  const auto epoch = static_cast<uint16_t>(records == nullptr ? 0 : 1);
  SendAlone({.type = ContentType::kAlert, .version = kDtls12, .epoch = epoch, .sequence = 0}, body, records);
}

bool RecordSender::SendRecord(const FlightPart& part, Records* records) {
  return SendAlone(HeaderOf(part), part.body, records);
}

bool RecordSender::SendMessage(ByteView message, Records& records) {
  return SendAlone({.type = ContentType::kApplicationData, .version = kDtls12, .epoch = 1, .sequence = 0},
                   message, &records);
}

bool RecordSender::SendPathMessage(const PathMessage& message, Records& records, Destination to) {
  const RecordHeader header{
      .type = ContentType::kReturnRoutabilityCheck, .version = kDtls12, .epoch = 1, .sequence = 0};
  return SendAlone(header, WritePathMessage(message), &records, to);
}

bool RecordSender::SendAlone(const RecordHeader& header, ByteView body, Records* records, Destination to) {
  if (header.epoch != 0 && records == nullptr) return false;
  const std::span<uint8_t> out =
      outbox_->NewDatagram(handle_, RecordBytes(header.epoch, body.size(), records), to);
  if (PutRecord(header, body, records, out.data()) != 0) return true;
  outbox_->DropLastDatagram();
  return false;
}

// The numbers are ours, whatever the header says.
size_t RecordSender::PutRecord(const RecordHeader& header, ByteView body, Records* records, uint8_t* out) {
  if (header.epoch != 0) return records->Seal(header.type, body, out) ? records->SealedBytes(body.size()) : 0;
  RecordHeader numbered = header;
  numbered.sequence = next_plaintext_++;
  return static_cast<size_t>(std::ranges::copy(body, PutRecordHeader(out, numbered, body.size())).out - out);
}

}  // namespace native_dtls
