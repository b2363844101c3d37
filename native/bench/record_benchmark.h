// What sealing and opening a record costs, in loops that only native code can time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/crypto/cipher_suite.h"

namespace native_dtls {

class RecordBenchmark {
 public:
  virtual ~RecordBenchmark() = default;

  // `subject`, each sealing or opening:
  //   bareSeal, bareOpen          EVP alone; with one association its context stays hot, with more it is
  //                               given another key for each record
  //   bareSealRecord, bareOpenRecord  the same in OpenSSL's form for records of TLS, where we use it
  //   recordsSeal, recordsOpen    our Records, which share one AeadPool
  //   sslWrite, sslRead           OpenSSL's own records (one association)
  // The associations take turns, or come in random order. With Connection IDs of so many bytes (0: none) our
  // Records have them, bare EVP in its general form has as much to do, and OpenSSL knows none. Null for what
  // there is not.
  static std::unique_ptr<RecordBenchmark> Create(std::string_view subject, const CipherSuite& suite,
                                                 size_t bytes, size_t connection_id_bytes,
                                                 size_t associations, bool in_random_order);

  // Nanoseconds a record, of so many; nothing when one was not sealed or opened.
  virtual std::optional<double> Run(size_t records) = 0;
};

}  // namespace native_dtls
