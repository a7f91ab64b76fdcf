#pragma once

#include <http_parser.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace zs::apps {

/// The answers on one HTTP/1.1 connection, read one after the other without I/O. Allocates nothing.
class HttpResponse {
 public:
  enum class State : std::uint8_t {
    kIncomplete,
    kComplete,
    kInvalid,  ///< no HTTP
  };

  HttpResponse() { begin(); }

  /// The next answer may come, on the same connection or on a new one.
  void begin();
  /// Takes what belongs to this answer and returns how many bytes that were.
  std::size_t feed(std::span<const std::byte> bytes);
  /// The peer closed: an answer without a length is complete now.
  void end();

  State state() const { return state_; }
  std::uint16_t status() const { return status_; }
  /// The server will take another request on this connection.
  bool keeps_alive() const { return keeps_alive_; }

 private:
  struct Callbacks;

  http_parser parser_{};
  State state_ = State::kIncomplete;
  std::uint16_t status_ = 0;
  bool keeps_alive_ = false;
};

}  // namespace zs::apps
