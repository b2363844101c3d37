// A handle names an association of an endpoint: a slot and the generation of that slot, so that the handle of
// an association that has ended names nothing.
#pragma once

#include <cstdint>

namespace native_dtls {

using Handle = uint32_t;

// Never a valid handle; in outgoing datagrams it stands for the sender of the datagram in hand.
inline constexpr Handle kNoHandle = 0;

inline constexpr uint32_t kSlotBits = 21;
inline constexpr uint32_t kMaxSlots = 1u << kSlotBits;
inline constexpr uint32_t kMaxGeneration = (1u << (32 - kSlotBits)) - 1;

inline constexpr uint32_t SlotIndex(Handle handle) { return handle & (kMaxSlots - 1); }
inline constexpr uint32_t GenerationOf(Handle handle) { return handle >> kSlotBits; }
inline constexpr Handle MakeHandle(uint32_t slot, uint32_t generation) {
  return (generation << kSlotBits) | slot;
}

}  // namespace native_dtls
