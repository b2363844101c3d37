#include "test/filtered_socket_class.h"

#ifdef __linux__

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "io/hello_filter_linux.h"
#include "test/arguments.h"

namespace native_dtls {

namespace {

constexpr int kPatienceMs = 10'000;

// Of no meaning but that the filter passes it, and that no test sends it: what was sent before has been
// judged when it arrives.
constexpr std::array<uint8_t, 16> kEndMark = {23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 3, 'e', 'n', 'd'};

// Two sockets on the loopback interface; one sends to the other.
class FilteredSocket : public Napi::ObjectWrap<FilteredSocket> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "FilteredSocket",
                       {
                           InstanceMethod<&FilteredSocket::SetShare>("setShare"),
                           InstanceMethod<&FilteredSocket::Passes>("passes"),
                           InstanceMethod<&FilteredSocket::Drops>("drops"),
                           InstanceMethod<&FilteredSocket::Close>("close"),
                       });
  }

  // new FilteredSocket(from, to): which kinds of sockets, 4 or 6. From 4 to 6 by a mapped address.
  explicit FilteredSocket(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const bool from_ipv6 = info[0].As<Napi::Number>().Int32Value() == 6;
    const bool to_ipv6 = info[1].As<Napi::Number>().Int32Value() == 6;
    if (!Open(from_ipv6, to_ipv6)) Throw(info.Env(), "no sockets");
  }

  ~FilteredSocket() override { CloseAll(); }

 private:
  bool Open(bool from_ipv6, bool to_ipv6) {
    sender_ = socket(from_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    receiver_ = socket(to_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    socklen_t size = to_ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    address.ss_family = to_ipv6 ? AF_INET6 : AF_INET;
    // To all addresses, so that both families reach an IPv6 socket.
    if (bind(receiver_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(receiver_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      return false;
    }
    const in_port_t port = to_ipv6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                   : reinterpret_cast<sockaddr_in&>(address).sin_port;
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = port;
    six.sin6_addr = in6addr_loopback;
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = port;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(sender_,
                   from_ipv6 ? reinterpret_cast<sockaddr*>(&six) : reinterpret_cast<sockaddr*>(&four),
                   from_ipv6 ? sizeof(six) : sizeof(four)) == 0;
  }

  // setShare(first, width, chance)
  Napi::Value SetShare(const Napi::CallbackInfo& info) {
    const auto number = [&info](size_t index) { return info[index].As<Napi::Number>().Uint32Value(); };
    auto instructions = HelloFilter({.first = number(0), .width = number(1), .chance = number(2)},
                                    {0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f});
    const sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
    if (setsockopt(receiver_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) {
      return Throw(info.Env(), "the kernel refuses the filter");
    }
    return info.Env().Undefined();
  }

  // passes(datagram)
  Napi::Value Passes(const Napi::CallbackInfo& info) {
    const ByteView datagram = ViewOf(info[0]);
    send(sender_, datagram.data(), datagram.size(), 0);
    send(sender_, kEndMark.data(), kEndMark.size(), 0);
    std::array<uint8_t, 2048> received;
    for (bool passed = false;; passed = true) {
      pollfd waited{.fd = receiver_, .events = POLLIN, .revents = 0};
      if (poll(&waited, 1, kPatienceMs) != 1) return Throw(info.Env(), "the mark does not arrive");
      const ssize_t size = recv(receiver_, received.data(), received.size(), 0);
      if (size < 0) return Throw(info.Env(), "nothing can be received");
      const ByteView whole = ByteView(received).first(static_cast<size_t>(size));
      if (std::ranges::equal(whole, kEndMark)) return Napi::Boolean::New(info.Env(), passed);
      if (!std::ranges::equal(whole, datagram)) return Throw(info.Env(), "it arrives as another");
    }
  }

  // drops(): as the kernel counts them.
  Napi::Value Drops(const Napi::CallbackInfo& info) {
    std::array<uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t size = sizeof(memory);
    if (getsockopt(receiver_, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) {
      return Throw(info.Env(), "the kernel does not say");
    }
    return Napi::Number::New(info.Env(), memory[SK_MEMINFO_DROPS]);
  }

  void Close(const Napi::CallbackInfo&) { CloseAll(); }

  void CloseAll() {
    for (int* descriptor : {&sender_, &receiver_}) {
      if (*descriptor >= 0) close(std::exchange(*descriptor, -1));
    }
  }

  int sender_ = -1;
  int receiver_ = -1;
};

}  // namespace

Napi::Value FilteredSocketClass(Napi::Env env) { return FilteredSocket::Define(env); }

}  // namespace native_dtls

#else

namespace native_dtls {

Napi::Value FilteredSocketClass(Napi::Env env) { return env.Undefined(); }

}  // namespace native_dtls

#endif
