#include "core/wire/protocol_list.h"

#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

// Nothing at the end.
std::optional<ByteView> NextName(ByteReader& list) {
  const ByteView name = list.Vector(1);
  return list.ok() && !name.empty() ? std::optional(name) : std::nullopt;
}

bool Contains(ByteView list, ByteView wanted) {
  ByteReader reader(list);
  while (const auto name = NextName(reader)) {
    if (SameBytes(*name, wanted)) return true;
  }
  return false;
}

}  // namespace

std::optional<ByteView> FirstCommonProtocol(ByteView preferred, ByteView offered) {
  ByteReader reader(preferred);
  while (const auto name = NextName(reader)) {
    if (Contains(offered, *name)) return name;
  }
  return std::nullopt;
}

}  // namespace native_dtls
