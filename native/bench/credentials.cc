#include "bench/credentials.h"

#include <openssl/pem.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "core/crypto/openssl_ptr.h"

namespace native_dtls {

Bytes ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s cannot be read\n", path.c_str());
    std::exit(1);
  }
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

Bytes ReadCertificate(ByteView pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  Bytes der(certificate ? static_cast<size_t>(i2d_X509(certificate.get(), nullptr)) : 0);
  uint8_t* at = der.data();
  if (der.empty() || i2d_X509(certificate.get(), &at) <= 0) {
    std::fprintf(stderr, "there is no certificate\n");
    std::exit(1);
  }
  return der;
}

}  // namespace native_dtls
