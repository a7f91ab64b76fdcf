#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "sock/socket_table.hpp"

namespace zs::api {

/// What the z_ calls of one shard act on. Borrows the sockets.
struct Instance {
  explicit Instance(sock::SocketTable& table) : sockets(table), pools(table.pools()) {}

  sock::SocketTable& sockets;
  buf::Pools pools;
  std::size_t shard = 0;
  std::size_t shards = 1;
  std::function<void()> stop;
  bool is_stopping = false;
  bool is_in_call = false;  ///< a call made by a z_free_fn would find the stack half-way
  bool has_epoll = false;
  std::vector<std::span<std::byte>> memory;  ///< of z_extmem_register(), by name
};

/// The instance whose turn it is on this thread, or nullptr.
Instance* current() noexcept;

/// For as long as it lives, the z_ calls of this thread act on `instance`.
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
