#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "buf/chain.hpp"
#include "runtime/application.hpp"

namespace zs::bench {

/// Takes what comes on its one connection, and drops it.
class BulkSink final : public runtime::Application {
 public:
  explicit BulkSink(sock::SocketTable& sockets) : sockets_(sockets) {}

  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_stop(Instant) override {}
  bool is_stopped() const override { return true; }
  void on_abort(Instant) override {}

  /// Bytes so far. Readable from any thread.
  std::uint64_t received() const { return received_.load(std::memory_order_relaxed); }

 private:
  sock::SocketTable& sockets_;
  int listener_ = -1;
  std::atomic<std::uint64_t> received_{0};
};

/// Opens one connection to BulkSink and writes as much as it takes, by reference to the same
/// buffers again and again.
class BulkSource final : public runtime::Application {
 public:
  BulkSource(sock::SocketTable& sockets, buf::Pools pools) : sockets_(sockets), pools_(pools) {}

  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_stop(Instant) override {}
  bool is_stopped() const override { return true; }
  void on_abort(Instant) override {}

  bool is_broken() const { return is_broken_.load(std::memory_order_relaxed); }

 private:
  sock::SocketTable& sockets_;
  buf::Pools pools_;
  std::unique_ptr<buf::Pool> block_pool_;
  buf::Chain block_;
  std::atomic<bool> is_broken_{false};
};

}  // namespace zs::bench
