// A program for the kernel (classic BPF) that looks at each datagram before it is queued at a socket, and
// lets some of the ClientHellos in. All else passes as it is, but for what is no DTLS at all.
#pragma once
#ifdef __linux__

#include <linux/filter.h>

#include <array>
#include <vector>

#include "core/base/bytes.h"
#include "io/hello_thinning.h"

namespace native_dtls {

// Decides where on the circle a sender stands. Secret, and odd.
using CircleKey = std::array<uint32_t, 4>;

std::vector<sock_filter> HelloFilter(const HelloThinning::Share& share, const CircleKey& key);

// Whether the filter would choose: a ClientHello in the clear, or the first fragment of one.
bool IsHello(ByteView datagram);

}  // namespace native_dtls

#endif
