// How a measurement's script and its native program talk: a command a line on standard input, a name and what
// belongs to it, and a line of JSON in answer.
#pragma once

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

namespace native_dtls {

// Commands may come.
inline void SayReady() {
  std::printf("{\"ready\":true}\n");
  std::fflush(stdout);
}

// Until the input ends. `obey` is given the name and reads the rest; what it prints is the answer.
template <typename Obey>
void ObeyCommands(Obey obey) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    obey(command, words);
    std::fflush(stdout);
  }
}

}  // namespace native_dtls
