// X.509 verification errors under the names that node:tls gives them, and the alert that tells each to the
// peer.
#pragma once

#include <string>

#include "core/wire/alert.h"

namespace native_dtls {

std::string VerifyErrorName(int x509_error);

Alert AlertForVerifyError(int x509_error);

}  // namespace native_dtls
