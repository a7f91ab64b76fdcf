#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "base/address.hpp"
#include "base/time.hpp"
#include "buf/chain.hpp"
#include "sock/socket_table.hpp"

namespace zs::sim {

/// What the application at one end of a connection does.
struct StreamPlan {
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t send_bytes = 0;
  std::uint32_t chunk_bytes = 16 * 1024;  ///< of a write
  std::uint64_t salt = 0;                 ///< of the patterns; the same at both ends
  std::uint64_t pause_at = kNever;        ///< received bytes after which the reader sleeps once
  Duration pause{};
  std::uint64_t abort_at = kNever;  ///< bytes, sent and received, after which it resets
  bool listens_first = false;       ///< writes nothing before the peer has finished
  bool small_messages = false;      ///< TCP_NODELAY
};

/// One end of a TCP connection, with an application behind it that sends a pattern, checks the one
/// that it receives, and closes when both directions are done.
class Stream {
 public:
  enum class Role : std::uint8_t { kInitiator, kAcceptor };

  Stream(sock::SocketTable& sockets, int fd, Role role, const StreamPlan& plan = {});
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Sends so many more bytes of the pattern, as room comes.
  void write_pattern(std::uint64_t bytes) { to_send_ += bytes; }
  /// FIN once everything is written; the descriptor is closed when the peer has finished too.
  void finish() { finishing_ = true; }
  void close();
  /// A reader that sleeps: the receive buffer fills, the window closes.
  void pause_reading() {
    reading_ = false;
    has_lagged_ = true;
  }
  void resume_reading() { reading_ = true; }

  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }
  /// Every byte so far was the one that the peer's pattern has there.
  bool content_ok() const { return content_ok_; }
  /// It has slept: what came meanwhile was not read in time.
  bool has_lagged() const { return has_lagged_; }
  bool peer_finished() const { return peer_finished_; }
  bool is_open() const { return fd_ >= 0; }
  bool has_aborted() const { return aborted_; }
  Errc error() const { return error_; }
  int fd() const { return fd_; }

  /// Does what the application would; true if anything moved.
  bool run(Instant now);
  /// When run() has something to do though the network brings nothing.
  Instant next_deadline() const { return wake_at_; }

 private:
  bool read_some();
  /// The next bytes to write, made once and kept until they are taken.
  bool prepare(Instant now);
  bool write_some(Instant now);
  void sleep_if_planned(Instant now);
  void fail(Errc error);
  void abort();

  sock::SocketTable& sockets_;
  StreamPlan plan_;
  int fd_;
  Role role_;
  buf::Chain next_;
  std::uint64_t to_send_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  Instant asleep_until_;
  Instant wake_at_ = Instant::never();
  Errc error_{};
  bool content_ok_ = true;
  bool reading_ = true;
  bool has_lagged_ = false;
  bool finishing_ = false;
  bool shut_ = false;
  bool peer_finished_ = false;
  bool aborted_ = false;
};

}  // namespace zs::sim
