#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hpp"

namespace zs::apps {

/// Receives the bytes of a stream, in order and in pieces.
class ByteSink {
 public:
  virtual void take(std::span<const std::byte> bytes) = 0;

 protected:
  ~ByteSink() = default;
};

/// What could be done with a socket now.
struct LoadEvent {
  std::uint32_t connection = 0;  ///< as given to connect()
  bool readable = false;
  bool writable = false;
  bool failed = false;  ///< take_error() has the reason
};

enum class LoadInterest : std::uint8_t { kReadable, kBoth };
enum class LoadEnding : std::uint8_t { kOrderly, kReset };

/// Non-blocking TCP connections to one target, whoever carries them: zstack's sockets or the
/// kernel's. Events are level-triggered, at most one for a connection in a batch.
class LoadTransport {
 public:
  /// A new socket on its way to the target. When it is there it is writable; interest is kBoth.
  virtual Result<int> connect(std::uint32_t connection) = 0;
  /// Why an event said that it failed; Errc{} if it did not.
  virtual Errc take_error(int socket) = 0;
  /// Sends `length` bytes of the pattern (LoadMessage) from `offset` on. How many were taken;
  /// kAgain or kNoBuffers while there is no room.
  virtual Result<std::size_t> send(int socket, std::size_t offset, std::size_t length) = 0;
  /// Hands some of what has come to `sink`, and returns how much; 0 is the end of the stream.
  virtual Result<std::size_t> receive(int socket, ByteSink& sink) = 0;
  virtual void watch(int socket, std::uint32_t connection, LoadInterest interest) = 0;
  virtual void close(int socket, LoadEnding how) = 0;

 protected:
  ~LoadTransport() = default;
};

}  // namespace zs::apps
