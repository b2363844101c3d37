// OpenSSL's error queue belongs to the thread and is shared with node:crypto. SSL_get_error looks into it, so
// it must be empty when we begin, and it must be as we found it when we leave.
#pragma once

#include <string>
#include <vector>

namespace native_dtls {

// Sets aside what lies in the queue for as long as the object lives; what we leave in it is dropped.
class ErrorQueueScope {
 public:
  ErrorQueueScope();
  ~ErrorQueueScope();
  ErrorQueueScope(const ErrorQueueScope&) = delete;
  ErrorQueueScope& operator=(const ErrorQueueScope&) = delete;

 private:
  struct Entry {
    unsigned long code;
    std::string file;
    std::string function;
    std::string data;
    int line;
  };
  std::vector<Entry> set_aside_;
};

// Empties the queue into texts, oldest first.
std::vector<std::string> TakeErrorQueue();

}  // namespace native_dtls
