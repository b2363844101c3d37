#include "core/crypto/error_queue.h"

#include <openssl/err.h>

namespace native_dtls {

ErrorQueueScope::ErrorQueueScope() {
  const char *file, *function, *data;
  int line, flags;
  while (unsigned long code = ERR_get_error_all(&file, &line, &function, &data, &flags)) {
    set_aside_.push_back({code, file, function, (flags & ERR_TXT_STRING) ? data : "", line});
  }
}

ErrorQueueScope::~ErrorQueueScope() {
  // Clearing goes through all its places, also when they are empty, and costs as much as a small HMAC.
  if (ERR_peek_error() != 0) ERR_clear_error();
  for (const Entry& entry : set_aside_) {
    ERR_new();
    ERR_set_debug(entry.file.c_str(), entry.line, entry.function.c_str());
    if (entry.data.empty()) {
      ERR_set_error(ERR_GET_LIB(entry.code), ERR_GET_REASON(entry.code), nullptr);
    } else {
      ERR_set_error(ERR_GET_LIB(entry.code), ERR_GET_REASON(entry.code), "%s", entry.data.c_str());
    }
  }
}

std::vector<std::string> TakeErrorQueue() {
  std::vector<std::string> texts;
  const char* data;
  int flags;
  while (unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    char text[256];
    ERR_error_string_n(code, text, sizeof(text));
    texts.emplace_back(text);
    if ((flags & ERR_TXT_STRING) && *data != '\0') texts.back().append(": ").append(data);
  }
  return texts;
}

}  // namespace native_dtls
