// OpenSSL 3 has no other way to replace them that is not a provider of one's own.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "fuzz/deterministic_random.h"

#include <openssl/rand.h>

#include <cstdint>
#include <cstdlib>

namespace native_dtls {

namespace {

uint64_t state = 0;

// SplitMix64.
uint64_t Next() {
  uint64_t mixed = state += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

int Fill(unsigned char* bytes, int size) {
  for (int i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(Next());
  return 1;
}

int Status() { return 1; }

const RAND_METHOD kMethod = {nullptr, Fill, nullptr, nullptr, Fill, Status};

}  // namespace

void RestartRandom() {
  if (RAND_get_rand_method() != &kMethod && RAND_set_rand_method(&kMethod) != 1) std::abort();
  state = 0;
}

}  // namespace native_dtls
