#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "tcp/connection.hpp"

namespace zs::tcp {

/// Storage of a bounded number of connections: grown a chunk at a time, never moved, reused last in
/// first out so that a busy accept loop stays in the cache.
class ConnectionSlab {
 public:
  explicit ConnectionSlab(std::uint32_t capacity) : capacity_(capacity) {}
  ConnectionSlab(const ConnectionSlab&) = delete;
  ConnectionSlab& operator=(const ConnectionSlab&) = delete;

  std::size_t size() const { return size_; }
  bool full() const { return size_ >= capacity_; }

  /// Precondition: !full().
  template <typename... Args>
  Connection& create(Args&&... args) {
    if (free_.empty()) add_chunk();
    Slot* slot = free_.back();
    free_.pop_back();
    ++size_;
    slot->live = true;
    return *::new (static_cast<void*>(slot->storage)) Connection(std::forward<Args>(args)...);
  }
  void destroy(Connection& connection) {
    std::destroy_at(&connection);
    Slot* slot = reinterpret_cast<Slot*>(&connection);  // storage is its first member
    slot->live = false;
    free_.push_back(slot);
    --size_;
  }
  /// Calls f(Connection&) on each; f may destroy the one that it is given.
  template <typename F>
  void for_each_live(F&& f) {
    for (auto& chunk : chunks_) {
      for (std::size_t i = 0; i < kChunk; ++i) {
        if (chunk[i].live) f(*std::launder(reinterpret_cast<Connection*>(chunk[i].storage)));
      }
    }
  }

 private:
  static constexpr std::size_t kChunk = 64;
  struct Slot {
    alignas(Connection) std::byte storage[sizeof(Connection)];
    bool live = false;
  };

  void add_chunk() {
    chunks_.push_back(std::make_unique<Slot[]>(kChunk));
    free_.reserve(chunks_.size() * kChunk);
    for (std::size_t i = kChunk; i-- > 0;) free_.push_back(&chunks_.back()[i]);
  }

  std::uint32_t capacity_;
  std::size_t size_ = 0;
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::vector<Slot*> free_;
};

}  // namespace zs::tcp
