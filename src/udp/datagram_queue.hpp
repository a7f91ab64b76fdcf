#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.hpp"
#include "buf/chain.hpp"
#include "buf/loan.hpp"

namespace zs::udp {

/// A received datagram. The payload is the very buffer that it came in.
struct Datagram {
  Endpoint local;  ///< the destination that it carried
  Endpoint remote;
  buf::Chain payload;
};

/// Room for the queued datagrams of all sockets of a table: allocated once, so that receiving
/// allocates nothing and no set of sockets can hold more than this.
class DatagramStore {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = UINT32_MAX;

  explicit DatagramStore(std::uint32_t capacity);

  std::size_t free_count() const { return free_count_; }

 private:
  friend class DatagramQueue;
  struct Node {
    Datagram datagram;
    Index next = kNone;
  };
  Index take();
  void give_back(Index index);

  std::vector<Node> nodes_;
  Index free_ = kNone;
  std::size_t free_count_ = 0;
};

/// One socket's received datagrams, bounded in bytes (memory) and in number (an empty datagram
/// occupies a whole buffer too). At a bound the newcomer is refused, as everywhere: what already
/// made the socket readable is not taken back.
class DatagramQueue {
 public:
  struct Bounds {
    std::uint32_t bytes = 0;
    std::uint32_t datagrams = 0;
  };

  void set_bounds(Bounds bounds) { bounds_ = bounds; }
  Bounds bounds() const { return bounds_; }
  /// False, and `datagram` stays as it was, when there is no room. A datagram larger than the byte
  /// bound fits an empty queue, else it could never be received.
  [[nodiscard]] bool push(Datagram& datagram, DatagramStore& store);
  /// Precondition: !empty().
  Datagram pop(DatagramStore& store);
  bool empty() const { return count_ == 0; }
  /// Precondition: !empty().
  const Datagram& front(const DatagramStore& store) const { return store.nodes_[head_].datagram; }
  /// False when buffers run so low that this socket may have no more for now.
  bool admit(buf::Pool& data, std::uint32_t buffers) { return loan_.admit(data, buffers); }
  void clear(DatagramStore& store);

 private:
  Bounds bounds_;
  buf::Loan loan_;
  DatagramStore::Index head_ = DatagramStore::kNone;
  DatagramStore::Index tail_ = DatagramStore::kNone;
  std::uint32_t count_ = 0;
  std::uint32_t bytes_ = 0;
};

}  // namespace zs::udp
