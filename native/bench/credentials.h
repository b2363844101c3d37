// What the peers of a measured server prove themselves with, and how they know the server.
#pragma once

#include <string>

#include "core/base/bytes.h"

namespace native_dtls {

struct Credentials {
  // A pre-shared key. Where it is empty there are certificates.
  std::string identity;
  Bytes key;
  // All that a server may show, DER: to know it costs less than to verify a chain.
  Bytes server;
  // The client's own certificate and key, PEM, if it has one.
  Bytes certificate;
  Bytes private_key;

  bool psk() const { return !key.empty(); }
};

// All of a file. Exits with a message when there is none.
Bytes ReadFile(const std::string& path);
// Of the first certificate in a PEM text, DER. Exits with a message when there is none.
Bytes ReadCertificate(ByteView pem);

}  // namespace native_dtls
