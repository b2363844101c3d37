#ifdef __linux__
#include "io/hello_filter_linux.h"

#include "core/wire/handshake_message.h"
#include "core/wire/record.h"

namespace native_dtls {

namespace {

// Places in a record and in the handshake message behind its header.
constexpr uint32_t kEpochOffset = 3;
constexpr uint32_t kBodyLengthOffset = 11;
constexpr uint32_t kFragmentOffsetOffset = kRecordHeaderBytes + 6;
constexpr uint32_t kFragmentLengthOffset = kRecordHeaderBytes + 9;
// Behind the version and the random of a ClientHello.
constexpr uint32_t kSessionIdOffset = kRecordHeaderBytes + kHandshakeHeaderBytes + 2 + 32;
constexpr uint32_t kMaxSessionIdBytes = 32;
// Of all that DTLS has named, with room for more.
constexpr uint32_t kLastHandshakeType = 24;
// RFC 7983: what DTLS's first byte may be.
constexpr uint32_t kFirstOfDtls = 20;
constexpr uint32_t kLastOfDtls = 63;

// The kernel shows the datagram from its UDP header on; the IP header lies at places of its own.
constexpr uint32_t kUdpHeaderBytes = 8;
constexpr uint32_t kSourcePortOffset = 0;
constexpr auto kIpHeader = static_cast<uint32_t>(SKF_NET_OFF);
constexpr auto kAncillary = static_cast<uint32_t>(SKF_AD_OFF);
constexpr uint32_t kIpv4SourceOffset = 12;
constexpr uint32_t kIpv6SourceOffset = 8;

// Ends of the program, as jumps name them until it is whole.
constexpr uint8_t kNext = 0;
constexpr uint8_t kPass = 254;
constexpr uint8_t kDrop = 255;

class Program {
 public:
  void Do(uint16_t code, uint32_t value) { instructions_.push_back({code, 0, 0, value}); }
  // The accumulator against a number, or (BPF_X) against the index register.
  void Jump(uint16_t comparison, uint32_t value, uint8_t if_true, uint8_t if_false) {
    instructions_.push_back({static_cast<uint16_t>(BPF_JMP | comparison), if_true, if_false, value});
  }

  void LoadByte(uint32_t offset) { Do(BPF_LD | BPF_B | BPF_ABS, offset); }
  void LoadHalf(uint32_t offset) { Do(BPF_LD | BPF_H | BPF_ABS, offset); }
  void LoadWord(uint32_t offset) { Do(BPF_LD | BPF_W | BPF_ABS, offset); }
  void Multiply(uint32_t by) { Do(BPF_ALU | BPF_MUL | BPF_K, by); }
  void ExclusiveOrWithIndex() { Do(BPF_ALU | BPF_XOR | BPF_X, 0); }
  void CopyToIndex() { Do(BPF_MISC | BPF_TAX, 0); }

  std::vector<sock_filter> Take() {
    const size_t pass = instructions_.size();
    Do(BPF_RET | BPF_K, UINT32_MAX);
    Do(BPF_RET | BPF_K, 0);
    for (size_t at = 0; at < pass; ++at) {
      sock_filter& instruction = instructions_[at];
      if (BPF_CLASS(instruction.code) != BPF_JMP) continue;
      for (uint8_t* target : {&instruction.jt, &instruction.jf}) {
        if (*target == kPass) *target = static_cast<uint8_t>(pass - at - 1);
        if (*target == kDrop) *target = static_cast<uint8_t>(pass - at);
      }
    }
    return std::move(instructions_);
  }

 private:
  std::vector<sock_filter> instructions_;
};

// Passes what is no hello, drops what only looks like one: the same that the cookie gate would drop. Where
// the kernel cannot read what is asked for, the datagram is too short, and is dropped.
void SortOut(Program& program) {
  constexpr uint32_t kRecord = kUdpHeaderBytes;
  program.LoadByte(kRecord);
  program.Jump(BPF_JGE, kFirstOfDtls, kNext, kDrop);
  program.Jump(BPF_JGT, kLastOfDtls, kDrop, kNext);
  program.Jump(BPF_JEQ, static_cast<uint32_t>(ContentType::kHandshake), kNext, kPass);
  program.LoadHalf(kRecord + kEpochOffset);
  program.Jump(BPF_JEQ, 0, kNext, kPass);
  program.LoadByte(kRecord + kRecordHeaderBytes);
  program.Jump(BPF_JGT, kLastHandshakeType, kDrop, kNext);
  program.Jump(BPF_JEQ, static_cast<uint32_t>(HandshakeType::kClientHello), kNext, kPass);
  // A later fragment: of a client whose first one has been let in.
  program.LoadHalf(kRecord + kFragmentOffsetOffset);
  program.Jump(BPF_JEQ, 0, kNext, kPass);
  program.LoadByte(kRecord + kFragmentOffsetOffset + 2);
  program.Jump(BPF_JEQ, 0, kNext, kPass);
  // The record lies in the datagram, and the fragment in the record.
  program.LoadHalf(kRecord + kBodyLengthOffset);
  program.CopyToIndex();
  program.Do(BPF_LD | BPF_W | BPF_LEN, 0);
  program.Jump(BPF_JGE, kUdpHeaderBytes + kRecordHeaderBytes, kNext, kDrop);
  program.Do(BPF_ALU | BPF_SUB | BPF_K, kUdpHeaderBytes + kRecordHeaderBytes);
  program.Jump(BPF_JGE | BPF_X, 0, kNext, kDrop);
  program.LoadByte(kRecord + kFragmentLengthOffset);
  program.Jump(BPF_JEQ, 0, kNext, kDrop);
  program.LoadHalf(kRecord + kFragmentLengthOffset + 1);
  program.Do(BPF_ALU | BPF_ADD | BPF_K, kHandshakeHeaderBytes);
  program.Jump(BPF_JGT | BPF_X, 0, kDrop, kNext);
  program.LoadByte(kRecord + kSessionIdOffset);
  program.Jump(BPF_JGT, kMaxSessionIdBytes, kDrop, kNext);
}

// Leaves the sender's place on the circle in the accumulator. Not a hash that would withstand somebody who
// sees what comes out; nobody does.
void FindPlace(Program& program, const CircleKey& key) {
  constexpr uint32_t kIpv6Words = 4;
  // Jumped over below: one load and one jump.
  constexpr uint8_t kIpv4Instructions = 2;
  program.LoadByte(kIpHeader);
  program.Do(BPF_ALU | BPF_RSH | BPF_K, 4);
  program.Jump(BPF_JEQ, 4, kNext, kIpv4Instructions);
  program.LoadWord(kIpHeader + kIpv4SourceOffset);
  // For each word of the longer address but the first four instructions, and one for that.
  program.Do(BPF_JMP | BPF_JA, 1 + 4 * (kIpv6Words - 1));
  program.LoadWord(kIpHeader + kIpv6SourceOffset);
  for (uint32_t word = 1; word < kIpv6Words; ++word) {
    program.Multiply(key[word - 1]);
    program.CopyToIndex();
    program.LoadWord(kIpHeader + kIpv6SourceOffset + 4 * word);
    program.ExclusiveOrWithIndex();
  }
  program.Multiply(key[0]);
  program.CopyToIndex();
  program.LoadHalf(kSourcePortOffset);
  program.Multiply(key[1]);
  program.ExclusiveOrWithIndex();
  for (const uint32_t factor : {key[2], key[3]}) {
    program.CopyToIndex();
    program.Do(BPF_ALU | BPF_RSH | BPF_K, 15);
    program.ExclusiveOrWithIndex();
    program.Multiply(factor);
  }
  program.Do(BPF_ALU | BPF_RSH | BPF_K, 16);
}

}  // namespace

std::vector<sock_filter> HelloFilter(const HelloThinning::Share& share, const CircleKey& key) {
  Program program;
  SortOut(program);
  FindPlace(program, key);
  program.Do(BPF_ALU | BPF_SUB | BPF_K, share.first);
  program.Do(BPF_ALU | BPF_AND | BPF_K, HelloThinning::kCircle - 1);
  program.Jump(BPF_JGE, share.width, kDrop, kNext);
  program.LoadWord(kAncillary + SKF_AD_RANDOM);
  program.Jump(BPF_JGT, share.chance, kDrop, kPass);
  return program.Take();
}

bool IsHello(ByteView datagram) {
  return datagram.size() > kRecordHeaderBytes &&
         datagram[0] == static_cast<uint8_t>(ContentType::kHandshake) && datagram[kEpochOffset] == 0 &&
         datagram[kEpochOffset + 1] == 0 &&
         datagram[kRecordHeaderBytes] == static_cast<uint8_t>(HandshakeType::kClientHello);
}

}  // namespace native_dtls

#endif
