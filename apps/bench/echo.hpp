#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "buf/chain.hpp"
#include "runtime/application.hpp"

namespace zs::bench {

/// How an application takes bytes from its sockets and gives them back.
enum class EchoApi : std::uint8_t {
  kZeroCopy,      ///< z_read and z_write: buffers
  kZeroCopyRead,  ///< the same, and every payload byte is looked at
  kCopy,          ///< read and write: the bytes, into the application's own memory and out of it
};

inline constexpr std::uint16_t kEchoPort = 7;

/// Sends back what comes.
class EchoServer final : public runtime::Application {
 public:
  EchoServer(sock::SocketTable& sockets, EchoApi api);

  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_stop(Instant now) override;
  bool is_stopped() const override { return true; }
  void on_abort(Instant) override {}

  /// Of all bytes that were looked at, so that no compiler leaves them out.
  std::uint64_t sum() const { return sum_; }

 private:
  void accept_all();
  void echo_buffers(int fd);
  void echo_bytes(int fd);
  void look_at(const buf::Chain& chain);

  sock::SocketTable& sockets_;
  EchoApi api_;
  std::vector<std::byte> scratch_;
  std::uint64_t sum_ = 0;
  int listener_ = -1;
};

struct EchoClientOptions {
  std::uint32_t connections = 50;
  std::uint32_t request_bytes = 64;
};

/// Keeps one request in flight on each of its connections.
class EchoClient final : public runtime::Application {
 public:
  EchoClient(sock::SocketTable& sockets, buf::Pools pools, const EchoClientOptions& options);

  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_stop(Instant) override {}
  bool is_stopped() const override { return true; }
  void on_abort(Instant) override {}

  /// Answered requests. Readable from any thread.
  std::uint64_t answered() const { return answered_.load(std::memory_order_relaxed); }
  /// Connections that ended or never began. Readable from any thread.
  std::uint32_t broken() const { return broken_.load(std::memory_order_relaxed); }
  bool are_all_open() const { return opened_ == options_.connections; }

 private:
  struct Flow {
    std::uint32_t missing = 0;  ///< of the answer; 0: no request is out
    bool is_open = false;
  };

  Flow& flow(int fd);
  void send_request(int fd, Flow& f);

  sock::SocketTable& sockets_;
  buf::Pools pools_;
  EchoClientOptions options_;
  std::unique_ptr<buf::Pool> request_pool_;
  buf::Chain request_;
  std::vector<Flow> flows_;
  std::uint32_t opened_ = 0;
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint32_t> broken_{0};
};

}  // namespace zs::bench
