// Which savings this process has restored. The one thing that all threads of a process share on purpose: a
// saving restored twice would use record numbers twice, in whichever thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/endpoint/saved_association.h"

namespace native_dtls {

// Claims them all, or none when one of them has been claimed before. An expired claim is forgotten: what it
// stood for can no longer be restored.
bool ClaimSavings(std::span<const SavedAssociation> savings, WallTime now);

}  // namespace native_dtls
