#include "core/handshake/connection_id_extension.h"

#include <algorithm>
#include <utility>

#include "core/wire/byte_reader.h"

namespace native_dtls {

namespace {

// A handshake message must still fit a datagram beside it.
size_t MaxPeerBytes(size_t mtu_bytes) { return std::min(mtu_bytes / 4, kMaxConnectionIdBytes); }

}  // namespace

ConnectionIdExtension::ConnectionIdExtension(Role role, std::optional<Bytes> own, bool return_routability,
                                             size_t mtu_bytes)
    : role_(role),
      own_(std::move(own)),
      return_routability_(return_routability),
      max_peer_bytes_(MaxPeerBytes(mtu_bytes)) {}

ConnectionIds ConnectionIdExtension::Agreed() const {
  if (!own_ || !peer_) return {};
  return {
      .own = *own_, .peer = *peer_, .return_routability = return_routability_ && peer_return_routability_};
}

int ConnectionIdExtension::Write(const unsigned char** out, size_t* size) {
  // A server answers only what it can live with.
  if (!own_ || (role_ == Role::kServer && !peer_)) return 0;
  written_ = {static_cast<uint8_t>(own_->size())};
  written_.insert(written_.end(), own_->begin(), own_->end());
  *out = written_.data();
  *size = written_.size();
  return 1;
}

int ConnectionIdExtension::Read(ByteView body, int* alert) {
  ByteReader reader(body);
  const ByteView id = reader.Vector(1);
  if (!reader.ok() || !reader.rest().empty()) {
    *alert = SSL_AD_DECODE_ERROR;
    return 0;
  }
  if (id.size() <= max_peer_bytes_) {
    peer_ = CopyOf(id);
  } else if (role_ == Role::kClient) {
    *alert = SSL_AD_ILLEGAL_PARAMETER;
    return 0;
  }
  return 1;
}

// Its body is empty. It goes with the other extension only.
int ConnectionIdExtension::WriteReturnRoutability(const unsigned char** out, size_t* size) const {
  if (!return_routability_ || !own_) return 0;
  if (role_ == Role::kServer && (!peer_ || !peer_return_routability_)) return 0;
  *out = nullptr;
  *size = 0;
  return 1;
}

int ConnectionIdExtension::ReadReturnRoutability(ByteView body, int* alert) {
  if (!body.empty()) {
    *alert = SSL_AD_DECODE_ERROR;
    return 0;
  }
  peer_return_routability_ = true;
  return 1;
}

}  // namespace native_dtls
