#pragma once

#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "sock/socket_table.hpp"

namespace zs::sim {

/// One end of a TCP connection, with an application behind it that sends a pattern, checks the one
/// that it receives, and closes when both directions are done.
class Stream {
 public:
  enum class Role : std::uint8_t { kInitiator, kAcceptor };

  Stream(sock::SocketTable& sockets, int fd, Role role);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Sends so many more bytes of the pattern, as room comes.
  void write_pattern(std::uint64_t bytes) { to_send_ += bytes; }
  /// FIN once everything is written; the descriptor is closed when the peer has finished too.
  void finish() { finishing_ = true; }
  void close();
  /// A reader that sleeps: the receive buffer fills, the window closes.
  void pause_reading() { reading_ = false; }
  void resume_reading() { reading_ = true; }

  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }
  /// Every byte so far was the one that the peer's pattern has there.
  bool content_ok() const { return content_ok_; }
  bool peer_finished() const { return peer_finished_; }
  bool is_open() const { return fd_ >= 0; }
  Errc error() const { return error_; }
  int fd() const { return fd_; }

  /// Does what the application would; true if anything moved.
  bool run();

 private:
  bool read_some();
  bool write_some();
  void fail(Errc error);

  sock::SocketTable& sockets_;
  int fd_;
  Role role_;
  std::uint64_t to_send_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  Errc error_{};
  bool content_ok_ = true;
  bool reading_ = true;
  bool finishing_ = false;
  bool shut_ = false;
  bool peer_finished_ = false;
};

}  // namespace zs::sim
