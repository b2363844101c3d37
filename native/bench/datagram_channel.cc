#include "bench/datagram_channel.h"

#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace native_dtls {

namespace {

constexpr int kBufferBytes = 4 << 20;

using Control = std::array<uint8_t, CMSG_SPACE(sizeof(in_pktinfo))>;
using ReceivedControl = std::array<uint8_t, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(int))>;

std::array<uint8_t, 16> Mapped(const in_addr& address) {
  std::array<uint8_t, 16> mapped{};
  mapped[10] = mapped[11] = 0xff;
  std::memcpy(mapped.data() + 12, &address, 4);
  return mapped;
}

in_addr Unmapped(const std::array<uint8_t, 16>& mapped) {
  in_addr address;
  std::memcpy(&address, mapped.data() + 12, 4);
  return address;
}

// What the kernel says of a datagram, or of several that it hands over as one.
struct Said {
  in_addr destination{};
  // All but the last are that long; 0 for a single one.
  size_t segment_bytes = 0;
};

Said SaidOf(msghdr& message) {
  Said said;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(header), sizeof(info));
      said.destination = info.ipi_addr;
    } else if (header->cmsg_level == SOL_UDP && header->cmsg_type == UDP_GRO) {
      int bytes = 0;
      std::memcpy(&bytes, CMSG_DATA(header), sizeof(bytes));
      said.segment_bytes = static_cast<size_t>(bytes);
    }
  }
  return said;
}

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

}  // namespace

DatagramChannel::DatagramChannel(Bursts bursts)
    : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)),
      buffer_bytes_(bursts == Bursts::kWhole ? kBurstBytes : kDatagramBytes),
      buffers_(kBatch * buffer_bytes_) {
  if (socket_ < 0) Die("socket");
  const int on = 1;
  if (setsockopt(socket_, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0) Die("IP_PKTINFO");
  if (bursts == Bursts::kWhole && setsockopt(socket_, SOL_UDP, UDP_GRO, &on, sizeof(on)) != 0) Die("UDP_GRO");
  // Nothing needs fragments here, and an identification for them costs more than the load's own work.
  const int whole = IP_PMTUDISC_DO;
  setsockopt(socket_, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof(whole));
  // As much as the system allows; what does not fit is lost and comes again.
  setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof(kBufferBytes));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0) Die("bind");
  outgoing_.resize(kBatch);
}

DatagramChannel::~DatagramChannel() { close(socket_); }

void DatagramChannel::Send(const Path& path, ByteView datagram) {
  Outgoing& next = outgoing_[pending_];
  next.path = path;
  next.bytes.assign(datagram.begin(), datagram.end());
  if (++pending_ == kBatch) Flush();
}

void DatagramChannel::Flush() {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> pieces;
  std::array<sockaddr_in, kBatch> peers{};
  alignas(cmsghdr) std::array<Control, kBatch> controls{};
  for (size_t i = 0; i < pending_; ++i) {
    Outgoing& datagram = outgoing_[i];
    peers[i].sin_family = AF_INET;
    peers[i].sin_port = htons(datagram.path.peer_port);
    peers[i].sin_addr = Unmapped(datagram.path.peer_address);
    pieces[i] = {datagram.bytes.data(), datagram.bytes.size()};
    msghdr& message = messages[i].msg_hdr;
    message.msg_name = &peers[i];
    message.msg_namelen = sizeof(peers[i]);
    message.msg_iov = &pieces[i];
    message.msg_iovlen = 1;
    message.msg_control = controls[i].data();
    message.msg_controllen = controls[i].size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    in_pktinfo info{};
    info.ipi_spec_dst = Unmapped(datagram.path.local_address);
    std::memcpy(CMSG_DATA(header), &info, sizeof(info));
  }
  for (size_t sent = 0; sent < pending_;) {
    const int count = sendmmsg(socket_, messages.data() + sent, static_cast<unsigned>(pending_ - sent), 0);
    // One that cannot be sent is skipped: the network may lose what it wants.
    sent += count > 0 ? static_cast<size_t>(count) : 1;
  }
  pending_ = 0;
}

void DatagramChannel::Receive(int timeout_ms, const std::function<void(const Path&, ByteView)>& take) {
  pollfd waited{.fd = socket_, .events = POLLIN, .revents = 0};
  if (poll(&waited, 1, timeout_ms) <= 0) return;
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> pieces;
  std::array<sockaddr_in, kBatch> peers{};
  alignas(cmsghdr) std::array<ReceivedControl, kBatch> controls{};
  for (size_t i = 0; i < kBatch; ++i) {
    pieces[i] = {buffers_.data() + i * buffer_bytes_, buffer_bytes_};
    msghdr& message = messages[i].msg_hdr;
    message.msg_name = &peers[i];
    message.msg_namelen = sizeof(peers[i]);
    message.msg_iov = &pieces[i];
    message.msg_iovlen = 1;
    message.msg_control = controls[i].data();
    message.msg_controllen = controls[i].size();
  }
  const int count = recvmmsg(socket_, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<size_t>(i);
    Path path;
    path.peer_address = Mapped(peers[index].sin_addr);
    path.peer_port = ntohs(peers[index].sin_port);
    const Said said = SaidOf(messages[index].msg_hdr);
    path.local_address = Mapped(said.destination);
    ByteView rest(buffers_.data() + index * buffer_bytes_, messages[index].msg_len);
    const size_t most = said.segment_bytes == 0 ? rest.size() : said.segment_bytes;
    do {
      const size_t size = std::min(most, rest.size());
      take(path, rest.first(size));
      rest = rest.subspan(size);
    } while (!rest.empty());
  }
}

}  // namespace native_dtls
