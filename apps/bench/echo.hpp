#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/meters.hpp"
#include "buf/chain.hpp"
#include "runtime/application.hpp"

namespace zs::bench {

/// How an application takes bytes from its sockets and gives them back.
enum class EchoApi : std::uint8_t {
  kZeroCopy,      ///< z_read and z_write: buffers
  kZeroCopyRead,  ///< the same, and every payload byte is looked at
  kCopy,          ///< read and write: the bytes, into the application's own memory and out of it
};

inline constexpr std::uint16_t kEchoPort = 7;  ///< and those that follow, if there are several

/// Sends back what comes, and closes when the peer does.
class EchoServer final : public runtime::Application {
 public:
  EchoServer(sock::SocketTable& sockets, EchoApi api, std::uint16_t ports = 1);

  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_stop(Instant now) override;
  bool is_stopped() const override { return true; }
  void on_abort(Instant) override {}

  /// Of all bytes that were looked at, so that no compiler leaves them out.
  std::uint64_t sum() const { return sum_; }

 private:
  void accept_all(int listener);
  void echo_buffers(int fd);
  void echo_bytes(int fd);
  void look_at(const buf::Chain& chain);

  sock::SocketTable& sockets_;
  EchoApi api_;
  std::vector<std::byte> scratch_;
  std::uint64_t sum_ = 0;
  std::uint16_t ports_;
};

struct EchoClientOptions {
  std::uint32_t connections = 50;
  std::uint32_t request_bytes = 64;
  /// Requests a second, of all connections together, sent when they are due; 0: as fast as the
  /// answers come.
  double rate = 0;
  std::uint32_t idle = 0;   ///< connections beside these that stay silent
  std::uint16_t ports = 1;  ///< of the server, used in turn: to one go 28,000 connections at most
  std::string pool = "bench-request";  ///< its name; clients that exist together differ in it
};

/// Where a client's requests lie; it must outlive the stacks that send them.
Result<std::unique_ptr<buf::Pool>> make_request_pool(const EchoClientOptions& options);

/// Keeps one request in flight on each of its connections, or with a rate at most one.
class EchoClient final : public runtime::Application {
 public:
  /// Draws each connection's request from `requests`, once: as with any real sender, no two
  /// connections send the same buffers, whose counts of references the cores would fight about.
  EchoClient(sock::SocketTable& sockets, buf::Pools pools, buf::Pool& requests,
             const EchoClientOptions& options);

  Result<void> on_start(Instant now, std::string& why) override;
  bool on_turn(sock::SocketTable& sockets, Instant now) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_stop(Instant) override {}
  bool is_stopped() const override { return true; }
  void on_abort(Instant) override {}

  /// Answered requests. Readable from any thread, as all that follows.
  std::uint64_t answered() const { return answered_.load(std::memory_order_relaxed); }
  /// Connections that ended or never began.
  std::uint32_t broken() const { return broken_.load(std::memory_order_relaxed); }
  bool are_all_open() const { return opened_.load(std::memory_order_acquire) == wanted(); }
  /// From sending a request, or with a rate from when it was due, to the end of its answer: in
  /// clock readings of the passes that did it, so that measuring costs nothing.
  LatencyMeter& latency() { return latency_; }
  /// Memory of this client's, as opposed to its stack's, once all connections are open.
  std::size_t own_bytes() const { return flows_.capacity() * sizeof(Flow); }

 private:
  struct Flow {
    Instant sent = {};
    std::uint32_t missing = 0;  ///< of the answer; 0: no request is out
    bool is_open = false;
    bool is_idle = false;
    buf::Chain request = {};
  };

  std::uint32_t wanted() const { return options_.idle + options_.connections; }
  Flow& flow(int fd);
  /// SYNs leave a few at a time: none is lost to a full ring, or to a neighbour not yet known.
  Result<void> open_more();
  void on_opened(int fd, Flow& f, Instant now);
  void send_request(int fd, Flow& f, Instant due);
  bool send_what_is_due(Instant now);
  void give_up(int fd);

  sock::SocketTable& sockets_;
  buf::Pools pools_;
  EchoClientOptions options_;
  buf::Pool& requests_;
  std::vector<std::byte> request_bytes_;
  std::vector<Flow> flows_;
  std::deque<int> waiting_;  ///< connections without a request, of a client with a rate
  std::uint64_t sent_ = 0;   ///< with a rate
  Instant began_;            ///< sending with a rate
  std::uint32_t begun_ = 0;
  LatencyMeter latency_;
  std::atomic<std::uint32_t> opened_{0};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint32_t> broken_{0};
};

}  // namespace zs::bench
