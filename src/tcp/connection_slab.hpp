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
  std::uint32_t capacity() const { return capacity_; }

  /// Precondition: !full().
  template <typename... Args>
  Connection& create(Args&&... args) {
    return *::new (occupy()) Connection(std::forward<Args>(args)...);
  }
  void destroy(Connection& connection) {
    std::destroy_at(&connection);
    vacate(connection);
  }
  /// The place of a connection whose bytes went elsewhere.
  void vacate(Connection& connection) {
    Slot* slot = reinterpret_cast<Slot*>(&connection);  // storage is its first member
    slot->live = false;
    free_.push_back(slot);
    --size_;
  }
  /// A place to move one to.
  void* occupy() {
    if (free_.empty()) add_chunk();
    Slot* slot = free_.back();
    free_.pop_back();
    ++size_;
    slot->live = true;
    return slot->storage;
  }
  /// Another one each time, or nullptr where none is near.
  Connection* next_in_turn() {
    for (std::size_t step = 0; step < kChunk && !chunks_.empty(); ++step) {
      if (++turn_ >= chunks_.size() * kChunk) turn_ = 0;
      Slot& slot = chunks_[turn_ / kChunk][turn_ % kChunk];
      if (slot.live) return std::launder(reinterpret_cast<Connection*>(slot.storage));
    }
    return nullptr;
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
  std::size_t turn_ = 0;  ///< of next_in_turn()
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::vector<Slot*> free_;
};

}  // namespace zs::tcp
