#include "tcp/dormitory.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

#include "base/assert.hpp"
#include "tcp/packed_words.hpp"

namespace zs::tcp {

namespace {
constexpr std::size_t kFirstBuckets = 64;
constexpr std::size_t kFlowWords = sizeof(FlowKey) / sizeof(std::uint32_t);
static_assert(std::is_trivially_copyable_v<FlowKey>);
static_assert(sizeof(Dormant) % alignof(std::uint32_t) == 0);
}  // namespace

Dormitory::~Dormitory() { ZS_ASSERT(size_ == 0 && "whoever sleeps is taken out first"); }

Dormant& Dormitory::add(const Sleeper& sleeper) {
  const auto& words = sleeper.words;
  if (!has_pattern_) {
    std::copy(words.begin(), words.end(), pattern_.begin());
    flow_at_ = sleeper.flow_at;
    has_pattern_ = true;
  }
  if (size_ >= buckets_.size()) grow();
  const std::size_t bytes = packed_words::packed_size(words, pattern_) * sizeof(std::uint32_t);
  void* const memory = ::operator new(sizeof(Dormant) + bytes);
  Dormant& dormant = *::new (memory) Dormant;
  auto* const image = static_cast<std::byte*>(memory) + sizeof(Dormant);
  packed_words::pack(words, pattern_, reinterpret_cast<std::uint32_t*>(image));
  dormant.hash_ = sleeper.hash;
  dormant.seat_ = sleeper.seat;
  dormant.next_ = bucket(sleeper.hash);
  bucket(sleeper.hash) = &dormant;
  if (!sleeper.deadline.is_never()) wheel_.arm(dormant, sleeper.deadline);
  ++size_;
  packed_bytes_ += bytes;
  return dormant;
}

FlowKey Dormitory::flow_of(const Dormant& dormant) const {
  std::array<std::uint32_t, kFlowWords> words;
  packed_words::unpack_part(packed(dormant), pattern_, flow_at_, words);
  FlowKey flow;
  std::memcpy(static_cast<void*>(&flow), words.data(), sizeof flow);
  return flow;
}

Dormant* Dormitory::find(std::uint64_t hash, const FlowKey& flow) const {
  if (size_ == 0) return nullptr;
  Dormant* dormant = buckets_[hash & (buckets_.size() - 1)];
  while (dormant != nullptr && !(dormant->hash_ == hash && flow_of(*dormant) == flow)) {
    dormant = dormant->next_;
  }
  return dormant;
}

Seat* Dormitory::take(Dormant& dormant, std::span<std::uint32_t> words) {
  packed_words::unpack(packed(dormant), pattern_, words);
  Dormant** link = &bucket(dormant.hash_);
  while (*link != &dormant) {
    ZS_CHECK(*link != nullptr);
    link = &(*link)->next_;
  }
  *link = dormant.next_;
  --size_;
  packed_bytes_ -= packed_words::packed_size(words, pattern_) * sizeof(std::uint32_t);
  Seat* const seat = dormant.seat_;
  std::destroy_at(&dormant);
  ::operator delete(static_cast<void*>(&dormant));
  return seat;
}

Dormant* Dormitory::any() const {
  const auto it = std::find_if(buckets_.begin(), buckets_.end(),
                               [](const Dormant* first) { return first != nullptr; });
  return it == buckets_.end() ? nullptr : *it;
}

void Dormitory::grow() {
  std::vector<Dormant*> old(std::max(kFirstBuckets, 2 * buckets_.size()), nullptr);
  old.swap(buckets_);
  for (Dormant* dormant : old) {
    while (dormant != nullptr) {
      Dormant* const next = dormant->next_;
      dormant->next_ = bucket(dormant->hash_);
      bucket(dormant->hash_) = dormant;
      dormant = next;
    }
  }
}

}  // namespace zs::tcp
