// A list that grows and whose elements are never moved. They lie together in blocks, so that what lives long
// is not scattered among what lives short, where it would keep the allocator from giving anything back. The
// first blocks are small, each as large as all before it: most lists hold one element.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <vector>

namespace native_dtls {

template <typename Element, size_t kPerBlock>
class BlockList {
  static_assert(std::has_single_bit(kPerBlock));

 public:
  size_t size() const { return size_; }

  Element& operator[](size_t index) { return blocks_[BlockOf(index)][OffsetOf(index)]; }
  const Element& operator[](size_t index) const { return blocks_[BlockOf(index)][OffsetOf(index)]; }

  // One more element, as its default constructor makes it.
  void Grow() {
    if (OffsetOf(size_) == 0) {
      blocks_.push_back(std::make_unique<Element[]>(std::clamp<size_t>(size_, 1, kPerBlock)));
    }
    ++size_;
  }

 private:
  // How many blocks the first kPerBlock elements lie in: 1, 1, 2, 4 and so on.
  static constexpr size_t kSmallBlocks = std::bit_width(kPerBlock);

  static size_t BlockOf(size_t index) {
    return index < kPerBlock ? static_cast<size_t>(std::bit_width(index))
                             : kSmallBlocks - 1 + index / kPerBlock;
  }
  static size_t OffsetOf(size_t index) {
    return index < kPerBlock ? index - std::bit_floor(index) : index % kPerBlock;
  }

  std::vector<std::unique_ptr<Element[]>> blocks_;
  size_t size_ = 0;
};

}  // namespace native_dtls
