#include "binding/slab.h"

#include <algorithm>

namespace native_dtls {

namespace {

// A message that is kept keeps all of them; what a batch brings lies in one, which may be larger.
constexpr size_t kBytes = 16 * 1024;

// So that a Buffer can be looked at as larger numbers, as Node.js has it for its own.
constexpr size_t kAlignment = 8;

// Handle, offset and size; before the first row the number of messages.
constexpr size_t kColumns = 3;
// More than a batch of datagrams with a message each. A table for more does not stay.
constexpr size_t kRows = 128;

}  // namespace

Slab::Slab(Napi::Env env) : object_(Napi::Persistent(Napi::Object::New(env))) { MakeReady(env, 0, 0); }

void Slab::PutMessages(Napi::Env env, const Outbox& outbox) {
  const auto& messages = outbox.messages();
  if (messages.empty() && !holds_messages_) return;
  size_t bytes = 0;
  for (const Outbox::Message& message : messages) bytes += message.size + kAlignment;
  if (!MakeReady(env, messages.size(), bytes)) return;
  *row_++ = static_cast<uint32_t>(messages.size());
  for (const auto& [handle, offset, size] : messages) Put(handle, outbox.BytesAt(offset, size));
  holds_messages_ = !messages.empty();
}

void Slab::PutDatagram(Napi::Env env, Handle handle, ByteView datagram) {
  if (!MakeReady(env, 1, datagram.size() + kAlignment)) return;
  *row_++ = 0;
  Put(handle, datagram);
  holds_messages_ = false;
}

bool Slab::MakeReady(Napi::Env env, size_t things, size_t bytes) {
  return HasTable(env, things) && HasRoom(env, bytes);
}

// JavaScript may have taken the memory away: where it is is asked anew, here and below.
bool Slab::HasTable(Napi::Env env, size_t things) {
  Napi::Uint32Array table = table_.IsEmpty() ? Napi::Uint32Array() : table_.Value();
  const size_t rows = table.IsEmpty() ? 0 : table.ElementLength() / kColumns;
  if (rows < std::max(things, kRows) || (rows > kRows && things <= kRows)) {
    table = Napi::Uint32Array::New(env, 1 + kColumns * std::max(things, kRows));
    if (table.IsEmpty()) return false;
    table_ = Napi::Persistent(table);
    object_.Set("table", table);
  }
  row_ = table.Data();
  return true;
}

bool Slab::HasRoom(Napi::Env env, size_t bytes) {
  Napi::ArrayBuffer buffer = bytes_.IsEmpty() ? Napi::ArrayBuffer() : bytes_.Value();
  const size_t size = buffer.IsEmpty() ? 0 : buffer.ByteLength();
  if (size == 0 || size < used_ + bytes) {
    buffer = Napi::ArrayBuffer::New(env, std::max(bytes, kBytes));
    if (buffer.IsEmpty()) return false;
    bytes_ = Napi::Persistent(buffer);
    object_.Set("bytes", buffer);
    used_ = 0;
  }
  room_ = static_cast<uint8_t*>(buffer.Data());
  return true;
}

void Slab::Put(Handle handle, ByteView bytes) {
  used_ = (used_ + kAlignment - 1) & ~(kAlignment - 1);
  std::ranges::copy(bytes, room_ + used_);
  *row_++ = handle;
  *row_++ = static_cast<uint32_t>(used_);
  *row_++ = static_cast<uint32_t>(bytes.size());
  used_ += bytes.size();
}

}  // namespace native_dtls
