#include "binding/received-messages.h"

#include <algorithm>

namespace native_dtls {

namespace {

// A message that is kept keeps its slab.
constexpr size_t kSlabBytes = 16 * 1024;

// Handle, offset and size; before the first row the number of rows.
constexpr size_t kColumns = 3;
// More than a batch of datagrams with a message each. A table for more does not stay.
constexpr size_t kRows = 128;

}  // namespace

ReceivedMessages::ReceivedMessages(Napi::Env env)
    : object_(Napi::Persistent(Napi::Object::New(env))), table_(), slab_() {
  Table(env, 0);
  Slab(env, 0);
}

void ReceivedMessages::Publish(Napi::Env env, const Outbox& outbox) {
  const auto& messages = outbox.messages();
  if (messages.empty() && !told_) return;
  size_t bytes = 0;
  for (const Outbox::Message& message : messages) bytes += message.size;
  uint32_t* row = Table(env, messages.size());
  uint8_t* const slab = Slab(env, bytes);
  if (row == nullptr || slab == nullptr) return;
  told_ = !messages.empty();
  *row++ = static_cast<uint32_t>(messages.size());
  for (const Outbox::Message& message : messages) {
    std::ranges::copy(outbox.BytesAt(message.offset, message.size), slab + used_);
    *row++ = message.handle;
    *row++ = static_cast<uint32_t>(used_);
    *row++ = static_cast<uint32_t>(message.size);
    used_ += message.size;
  }
}

uint32_t* ReceivedMessages::Table(Napi::Env env, size_t messages) {
  // JavaScript may have taken the memory away: where it is is asked anew.
  const size_t rows = table_.IsEmpty() ? 0 : table_.Value().ElementLength() / kColumns;
  const bool fits = rows >= std::max(messages, kRows) && (rows == kRows || messages > kRows);
  if (!fits) {
    const auto table = Napi::Uint32Array::New(env, 1 + kColumns * std::max(messages, kRows));
    if (table.IsEmpty()) return nullptr;
    table_ = Napi::Persistent(table);
    object_.Set("table", table);
  }
  return table_.Value().Data();
}

uint8_t* ReceivedMessages::Slab(Napi::Env env, size_t bytes) {
  const size_t size = slab_.IsEmpty() ? 0 : slab_.Value().ByteLength();
  if (size < used_ + bytes || size == 0) {
    const auto slab = Napi::ArrayBuffer::New(env, std::max(bytes, kSlabBytes));
    if (slab.IsEmpty()) return nullptr;
    slab_ = Napi::Persistent(slab);
    object_.Set("slab", slab);
    used_ = 0;
  }
  return static_cast<uint8_t*>(slab_.Value().Data());
}

}  // namespace native_dtls
