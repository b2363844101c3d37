#include "core/endpoint/path_check.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <utility>

namespace native_dtls {

namespace {

// Made once; nothing when OpenSSL has no random bytes.
const std::optional<PathCookie>& MakeOnce(std::optional<PathCookie>& cookie) {
  if (!cookie && RAND_bytes(cookie.emplace().data(), sizeof(PathCookie)) != 1) cookie.reset();
  return cookie;
}

bool Same(const std::optional<PathCookie>& cookie, const PathCookie& other) {
  return cookie && CRYPTO_memcmp(cookie->data(), other.data(), other.size()) == 0;
}

}  // namespace

bool PathCheck::Proceed(TimePoint now, std::optional<Challenge>& challenge) {
  if (std::exchange(asks_old_, false)) {
    deadline_ = now + timeout_;
    if (MakeOnce(old_cookie_)) challenge = {*old_cookie_, Destination::kPeer};
    return true;
  }
  if (attempts_ == kAttempts) return false;
  deadline_ = now + timeout_ * (1 << attempts_++);
  if (sendable_bytes_ >= challenge_bytes_ && MakeOnce(new_cookie_)) {
    sendable_bytes_ -= challenge_bytes_;
    challenge = {*new_cookie_, Destination::kCandidate};
  }
  return true;
}

// An answer from the old address may be forwarded as well: wherever it comes from, it shows that what is sent
// there arrives. That the new address works is shown by an answer from there alone.
PathCheck::Verdict PathCheck::Judge(const PathMessage& answer, bool from_new) {
  if (Same(old_cookie_, answer.cookie)) {
    if (answer.type == PathMessageType::kResponse) return Verdict::kStays;
    return attempts_ == 0 ? Verdict::kAskNew : Verdict::kIrrelevant;
  }
  const bool answered = answer.type == PathMessageType::kResponse && Same(new_cookie_, answer.cookie);
  return answered && from_new ? Verdict::kMoves : Verdict::kIrrelevant;
}

bool PathCheck::MayCopy(size_t datagram_bytes) {
  if (sendable_bytes_ < datagram_bytes + challenge_bytes_) return false;
  sendable_bytes_ -= datagram_bytes;
  return true;
}

}  // namespace native_dtls
