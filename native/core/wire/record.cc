#include "core/wire/record.h"

#include "core/wire/byte_reader.h"

namespace native_dtls {

// Every datagram comes through here, so it fills the record where the caller will find it.
std::optional<Record> TakeRecord(ByteView& datagram, size_t connection_id_bytes) {
  std::optional<Record> taken(std::in_place);
  Record& record = *taken;
  ByteReader reader(datagram);
  record.header.type = static_cast<ContentType>(reader.Integer(1));
  record.header.version = static_cast<uint16_t>(reader.Integer(2));
  record.header.epoch = static_cast<uint16_t>(reader.Integer(2));
  record.header.sequence = reader.Integer(6);
  if (record.header.type == ContentType::kTls12Cid) record.connection_id = reader.Take(connection_id_bytes);
  record.body = reader.Vector(2);
  if (reader.ok()) {
    record.whole = datagram.first(datagram.size() - reader.rest().size());
    datagram = reader.rest();
  } else {
    taken.reset();
  }
  return taken;
}

uint8_t* PutRecordHeader(uint8_t* out, const RecordHeader& header, size_t body_bytes,
                         ByteView connection_id) {
  out = PutInteger(out, static_cast<uint8_t>(header.type), 1);
  out = PutInteger(out, header.version, 2);
  out = PutInteger(out, header.epoch, 2);
  out = PutInteger(out, header.sequence, 6);
  out = std::ranges::copy(connection_id, out).out;
  return PutInteger(out, body_bytes, 2);
}

}  // namespace native_dtls
