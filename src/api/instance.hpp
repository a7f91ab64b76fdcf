#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "api/fibers.hpp"
#include "api/link.hpp"
#include "sock/event_queues.hpp"
#include "sock/socket_table.hpp"

namespace zs::api {

/// What the z_ and ff_ calls of one shard act on. Borrows the sockets.
struct Instance {
  explicit Instance(sock::SocketTable& table)
      : sockets(table), pools(table.pools()), queues(table), fibers(queues) {}

  sock::SocketTable& sockets;
  buf::Pools pools;
  sock::EventQueues queues;
  std::size_t shard = 0;
  std::size_t shards = 1;
  Link* link = nullptr;  ///< of a shard that runs by itself
  std::function<void()> stop;
  bool is_stopping = false;
  bool is_in_call = false;  ///< a call made by a z_free_fn would find the stack half-way
  std::vector<std::span<std::byte>> memory;  ///< of z_extmem_register(), by name
  /// Chains that ff_zc_mbuf_get() and ff_mbuf_get() have made and nobody has sent or freed: what
  /// tells ff_write() a chain from plain bytes.
  std::unordered_set<const void*> chains;
  Fibers fibers;  ///< last, since they may use all of the above to their ends
};

/// The instance whose turn it is on this thread, or nullptr.
Instance* current() noexcept;

/// For as long as it lives, the calls of this thread act on `instance`.
class Turn {
 public:
  explicit Turn(Instance& instance) noexcept;
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Instance* before_;
};

/// Marks a call; those that a z_free_fn makes inside it are refused.
class InCall {
 public:
  explicit InCall(Instance& instance) noexcept
      : instance_(instance), before_(std::exchange(instance.is_in_call, true)) {}
  ~InCall() { instance_.is_in_call = before_; }
  InCall(const InCall&) = delete;
  InCall& operator=(const InCall&) = delete;

 private:
  Instance& instance_;
  bool before_;
};

}  // namespace zs::api
