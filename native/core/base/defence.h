// Our defences against weaknesses of the OpenSSL underneath, by name, so that a test can take one away and
// see what it is there for. In what users build all of them stand, and the question leaves nothing in the
// code. In the addon of the native tests, which alone is built with NATIVE_DTLS_DEFENCES_CAN_FALL,
// native/test/defences.cc answers it.
#pragma once

namespace native_dtls {

enum class Defence {
  // CVE-2026-54874: OpenSSL keeps records of the next epoch, each with a buffer of 16 KB. They wait outside.
  kEarlyRecordsHeld,
  // CVE-2026-75806: OpenSSL dies of a protected record that is too short for its tag. It reads none that has
  // not been opened and sealed again here.
  kRecordsVerifiedFirst,
  // CVE-2026-84782: once the write of a handshake message was refused midway, OpenSSL repeats its flight from
  // wrong places in its memory. No write is refused.
  kWritesNeverRefused,
  // CVE-2026-95690: OpenSSL allocates as much as a fragment says that its message is long. It hears of no
  // message longer than it must be able to be.
  kAnnouncedLengthsBounded,
};

#ifdef NATIVE_DTLS_DEFENCES_CAN_FALL
bool Stands(Defence defence);
#else
constexpr bool Stands(Defence) { return true; }
#endif

}  // namespace native_dtls
