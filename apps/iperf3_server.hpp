#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "iperf3_session.hpp"
#include "runtime/application.hpp"

namespace zs::apps {

struct Iperf3Options {
  Endpoint listen{IpAddress::any(IpFamily::kV4), 5201};
  int backlog = 256;
};

/// The kernel's iperf3 client can measure us: one test at a time, as iperf3's own server does it.
/// Received buffers are counted and freed, sent ones are slices of one pattern: no payload byte is
/// copied. One shard only, since the connections of a test must meet.
class Iperf3Server final : public runtime::Application {
 public:
  Iperf3Server(runtime::ShardContext& shard, const Iperf3Options& options);

  // runtime::Application
  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_deadline(Instant now) override;
  Instant next_deadline() const override;
  void on_stop(Instant now) override;
  bool is_stopped() const override { return open_ == 0 && listener_ < 0; }
  void on_abort(Instant now) override;

 private:
  enum class Role : std::uint8_t {
    kFree,      ///< no connection has this place
    kStranger,  ///< its cookie is not complete yet
    kControl,
    kData,
    kLeaving,  ///< our FIN follows what is left to send; input is thrown away until the peer's
  };

  struct Connection {
    Role role = Role::kFree;
    int fd = -1;
    std::uint64_t id = 0;  ///< no other connection ever has it; what watch() is given
    std::uint8_t cookie_bytes = 0;
    bool is_shut = false;  ///< our FIN is behind what we wrote
    std::uint32_t interest = 0;
    std::size_t stream = 0;  ///< of the session
    std::uint64_t sent = 0;  ///< in this test, what was omitted included
    Instant deadline = Instant::never();
    iperf3::Cookie cookie{};
    std::string output;  ///< refused by the socket
  };

  Result<void> make_pattern(std::string& why);
  void accept_all(Instant now);
  void on_event(Connection& c, std::uint32_t ready, Instant now);
  void read_cookie(Connection& c, Instant now);
  void admit(Connection& c, Instant now);
  void read_control(Connection& c, Instant now);
  void receive(Connection& c, Instant now);
  void send(Connection& c, Instant now);
  Result<void> send_block(const Connection& c, std::uint32_t bytes);
  void settle(Instant now);
  void begin_streams(Instant now);
  void end_streams(Instant now);
  void report(Instant now) const;
  iperf3::CpuUse cpu_use(Instant now) const;
  iperf3::Direction direction_of(const Connection& c) const;
  void flush(Connection& c);
  void leave(Connection& c, Instant now);
  void discard(Connection& c);
  void set_interest(Connection& c, std::uint32_t interest);
  void wait_until(Connection& c, Instant deadline);
  void close(Connection& c);
  void reset(Connection& c);

  runtime::ShardContext& shard_;
  sock::SocketTable& sockets_;
  Iperf3Options options_;
  std::vector<Connection> connections_;  ///< by descriptor
  std::optional<iperf3::Session> session_;
  int control_ = -1;  ///< descriptor of the session's control connection
  std::string client_;
  bool is_moving_ = false;  ///< the session's streams were told to begin
  Instant began_;
  Duration user_before_{}, system_before_{};  ///< what the CPUs had given us when they began
  Instant next_block_ = Instant::never();     ///< a stream that is ahead of its rate waits
  Instant next_patience_ = Instant::never();  ///< no connection's deadline is earlier
  std::unique_ptr<buf::Pool> pattern_pool_;
  buf::Chain pattern_;
  std::uint64_t last_id_ = 0;
  std::size_t open_ = 0;
  int listener_ = -1;
};

}  // namespace zs::apps
