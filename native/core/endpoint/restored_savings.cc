#include "core/endpoint/restored_savings.h"

#include <map>
#include <mutex>

namespace native_dtls {

namespace {

struct Claims {
  std::mutex mutex;
  std::map<std::array<uint8_t, SavedAssociation::kIdBytes>, WallTime> until;
  // Looked through for expired ones whenever it has doubled.
  size_t next_sweep = 1024;
};

Claims& AllClaims() {
  static Claims claims;
  return claims;
}

}  // namespace

bool ClaimSavings(std::span<const SavedAssociation> savings, WallTime now) {
  Claims& claims = AllClaims();
  const std::lock_guard lock(claims.mutex);
  size_t claimed = 0;
  for (; claimed < savings.size(); ++claimed) {
    if (!claims.until.emplace(savings[claimed].id, savings[claimed].expires_at).second) break;
  }
  if (claimed < savings.size()) {
    for (size_t i = 0; i < claimed; ++i) claims.until.erase(savings[i].id);
    return false;
  }
  if (claims.until.size() >= claims.next_sweep) {
    std::erase_if(claims.until, [now](const auto& claim) { return claim.second <= now; });
    claims.next_sweep = 2 * claims.until.size() + 1024;
  }
  return true;
}

}  // namespace native_dtls
