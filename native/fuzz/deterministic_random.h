// OpenSSL's random numbers, the same ones each time: an input that has failed fails again, and one that has
// reached something new reaches it again.
#pragma once

namespace native_dtls {

// From the beginning; to be called for each input.
void RestartRandom();

}  // namespace native_dtls
