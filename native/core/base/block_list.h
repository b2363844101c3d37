// A list that grows and whose elements are never moved. They lie together in blocks, so that what lives long
// is not scattered among what lives short, where it would keep the allocator from giving anything back.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace native_dtls {

template <typename Element, size_t kPerBlock>
class BlockList {
 public:
  size_t size() const { return size_; }

  Element& operator[](size_t index) { return (*blocks_[index / kPerBlock])[index % kPerBlock]; }
  const Element& operator[](size_t index) const { return (*blocks_[index / kPerBlock])[index % kPerBlock]; }

  // One more element, as its default constructor makes it.
  void Grow() {
    if (size_ == blocks_.size() * kPerBlock) blocks_.push_back(std::make_unique<Block>());
    ++size_;
  }

 private:
  using Block = std::array<Element, kPerBlock>;

  std::vector<std::unique_ptr<Block>> blocks_;
  size_t size_ = 0;
};

}  // namespace native_dtls
