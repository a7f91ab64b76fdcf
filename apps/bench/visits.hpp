#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "buf/chain.hpp"
#include "runtime/application.hpp"

namespace zs::bench {

/// What a client does with a connection before it closes it.
enum class Visit : std::uint8_t {
  kOpenAndClose,
  kAskOnce,  ///< one request and its whole answer
};

struct VisitorOptions {
  Visit visit = Visit::kAskOnce;
  std::uint32_t at_once = 100;
  std::uint32_t request_bytes = 64;
  std::uint16_t ports = 16;  ///< of the server, used in turn, that TIME-WAIT leaves enough free
};

/// Opens connections to EchoServer and closes them, again and again, some at once. It closes first,
/// so TIME-WAIT is on its side.
class Visitor final : public runtime::Application {
 public:
  Visitor(sock::SocketTable& sockets, buf::Pools pools, const VisitorOptions& options);

  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_stop(Instant) override {}
  bool is_stopped() const override { return true; }
  void on_abort(Instant) override {}

  /// Visits that went well so far. Readable from any thread, as what follows.
  std::uint64_t visits() const { return visits_.load(std::memory_order_relaxed); }
  std::uint64_t broken() const { return broken_.load(std::memory_order_relaxed); }

 private:
  struct Place {
    bool is_open = false;
    std::uint32_t missing = 0;  ///< of the answer
  };

  Place& place(int fd);
  Result<void> begin_visit();
  /// True once the visit is over.
  bool go_on(int fd, std::uint32_t ready);
  bool ask(int fd, Place& p);
  bool hear(int fd, Place& p);
  void fill_up();

  sock::SocketTable& sockets_;
  buf::Pools pools_;
  VisitorOptions options_;
  std::unique_ptr<buf::Pool> request_pool_;
  buf::Chain request_;
  std::vector<Place> places_;
  std::uint32_t under_way_ = 0;
  std::uint64_t begun_ = 0;
  std::atomic<std::uint64_t> visits_{0};
  std::atomic<std::uint64_t> broken_{0};
};

}  // namespace zs::bench
