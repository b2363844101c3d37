// Endpoint's half of saving and restoring: what is in use here, who may come in.
#include <openssl/rand.h>

#include <set>

#include "core/endpoint/endpoint.h"
#include "core/endpoint/restored_savings.h"

namespace native_dtls {

namespace {

std::string KeyOf(ByteView id) { return {id.begin(), id.end()}; }

}  // namespace

std::vector<Handle> Endpoint::Established() const {
  std::vector<Handle> handles;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.association && slot.association->established()) handles.push_back(slot.handle);
  }
  return handles;
}

std::vector<Bytes> Endpoint::Export(std::span<const Handle> handles, ByteView key, WallTime now,
                                    WallTime expires_at) {
  BeginCall();
  if (std::set<Handle>(handles.begin(), handles.end()).size() != handles.size()) return {};
  std::vector<Bytes> exported;
  for (const Handle handle : handles) {
    const Slot* slot = Living(handle);
    if (slot == nullptr || !slot->association->established()) return {};
    SavedAssociation saved = slot->association->Save();
    saved.path = slot->path;
    if (slot->probation) saved.probation = *slot->probation;
    saved.saved_at = now;
    saved.expires_at = expires_at;
    if (RAND_bytes(saved.id.data(), static_cast<int>(saved.id.size())) != 1) return {};
    auto sealed = SealSaved(saved, key, pool_);
    if (!sealed) return {};
    exported.push_back(std::move(*sealed));
  }
  for (const Handle handle : handles) {
    Slot* slot = Living(handle);
    slot->association->Abort(CloseReason::kExported, false);
    Settle(*slot);
  }
  counters_.Add(Counter::kExported, static_cast<double>(exported.size()));
  EndCall();
  return exported;
}

std::variant<std::vector<Handle>, RestoreError> Endpoint::Import(
    TimePoint now, WallTime wall_now, Role role, std::shared_ptr<const AssociationOptions> options,
    std::span<const ByteView> sealed, ByteView key) {
  BeginCall();
  std::vector<SavedAssociation> savings;
  std::set<std::string> connection_ids;
  std::set<std::pair<std::array<uint8_t, 16>, uint16_t>> paths;
  for (const ByteView one : sealed) {
    auto opened = OpenSaved(one, key, wall_now, pool_);
    if (const auto* error = std::get_if<RestoreError>(&opened)) return *error;
    auto& saved = std::get<SavedAssociation>(opened);
    if (const auto error = CheckRestorable(saved, role)) return *error;
    // Two of them in one place are no better than one here already.
    const Bytes& own = saved.connection_ids.own;
    if (!own.empty() && !connection_ids.insert(KeyOf(own)).second) return RestoreError::kConnectionIdInUse;
    if (own.empty() && !paths.emplace(saved.path.peer_address, saved.path.peer_port).second) {
      return RestoreError::kAddressInUse;
    }
    if (!own.empty() && !connection_ids.empty() && connection_ids.begin()->size() != own.size()) {
      return RestoreError::kWrongConnectionIdLength;
    }
    savings.push_back(std::move(saved));
  }
  if (LivingAssociations() + savings.size() > kMaxSlots) return RestoreError::kNoRoom;
  if (!ClaimSavings(savings, wall_now)) return RestoreError::kRestoredBefore;
  std::vector<Handle> handles;
  for (SavedAssociation& saved : savings) handles.push_back(Restore(now, saved, options));
  counters_.Add(Counter::kRestored, static_cast<double>(handles.size()));
  EndCall();
  return handles;
}

std::optional<RestoreError> Endpoint::CheckRestorable(const SavedAssociation& saved, Role role) const {
  if (saved.role != role) return RestoreError::kWrongRole;
  const Bytes& own = saved.connection_ids.own;
  if (own.empty()) return HasPath(saved.path) ? std::optional(RestoreError::kAddressInUse) : std::nullopt;
  if (connection_ids_.bytes() && own.size() != *connection_ids_.bytes())
    return RestoreError::kWrongConnectionIdLength;
  return connection_ids_.Contains(own) ? std::optional(RestoreError::kConnectionIdInUse) : std::nullopt;
}

bool Endpoint::Relocate(Handle handle, const Path& path) {
  Slot* slot = Living(handle);
  if (slot == nullptr || slot->path == path) return slot != nullptr;
  if (slot->by_path) {
    if (HasPath(path)) return false;
    RemoveByPath(*slot);
    slot->path = path;
    PutByPath(*slot);
  } else {
    slot->path = path;
  }
  return true;
}

Handle Endpoint::Restore(TimePoint now, SavedAssociation& saved,
                         std::shared_ptr<const AssociationOptions> options) {
  Slot* slot = TakeFreeSlot(saved.path);
  slot->association.emplace(now, slot->handle, saved, std::move(options), &outbox_, &counters_, &pool_);
  slot->connection_id = saved.connection_ids.own;
  slot->by_path = slot->connection_id.empty();
  if (saved.probation) slot->probation = std::make_unique<Probation>(*saved.probation);
  if (slot->by_path) {
    PutByPath(*slot);
  } else {
    connection_ids_.Put(slot->connection_id, slot->handle);
  }
  if (by_host_ && slot->association->is_server()) by_host_->Add(slot->path);
  Settle(*slot);
  return slot->handle;
}

}  // namespace native_dtls
