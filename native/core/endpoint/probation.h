// What may be sent to an address that a peer has moved to, as long as the address has not proved itself: it
// may be claimed by somebody who forwards our peer's datagrams.
#pragma once

#include <cstddef>

namespace native_dtls {

struct Probation {
  // An address has proved itself when so many datagrams with newer records have come from it; until then no
  // more than three times what it has sent is sent to it (the bound of RFC 9000 section 8), beside one
  // message at once: a peer that has moved asks, and waits.
  static constexpr int kDatagrams = 4;
  static constexpr size_t kAmplification = 3;
  static constexpr size_t kAtOnceBytes = 1280;

  // The first datagram has brought the peer here.
  size_t sendable_bytes = kAtOnceBytes;
  int newer_datagrams_left = kDatagrams - 1;

  // A datagram with a newer record has come from there. True: the address has proved itself.
  bool Hear(size_t datagram_bytes) {
    sendable_bytes += kAmplification * datagram_bytes;
    return --newer_datagrams_left <= 0;
  }
};

}  // namespace native_dtls
