#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.hpp"
#include "base/siphash.hpp"

namespace zs::tcp {

class Connection;

/// Finds a connection by its 4-tuple: open addressing with linear probing and backward-shift
/// deletion, so that there are no tombstones and a miss ends at the first hole. Grows by doubling
/// at half load, which is the only time it allocates.
class FlowTable {
 public:
  explicit FlowTable(const SipKey& secret);

  Connection* find(const FlowKey& flow) const noexcept;
  /// Precondition: find(flow) == nullptr; the connection stays where it is until erased.
  void insert(const FlowKey& flow, Connection& connection);
  /// False if this very connection is not in the table under `flow`.
  bool erase(const FlowKey& flow, const Connection& connection) noexcept;
  std::size_t size() const noexcept { return size_; }
  /// Keyed by multiplication with secrets (as wyhash does): a fifth of SipHash's cost, and enough
  /// here, where the answer shows in nothing but time.
  std::uint64_t hash(const FlowKey& flow) const noexcept;

  template <typename F>
  void for_each(F&& f) const {
    for (const Slot& slot : slots_) {
      if (slot.connection != nullptr) f(*slot.connection);
    }
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    Connection* connection = nullptr;
  };

  void grow();

  std::vector<Slot> slots_;
  std::size_t mask_;  ///< slots_.size() - 1, a power of two less one
  std::size_t size_ = 0;
  SipKey secret_;
};

}  // namespace zs::tcp
