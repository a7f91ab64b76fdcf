#pragma once

#include <http_parser.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace zs::apps {

/// What a client may send us.
struct HttpLimits {
  std::uint32_t header_bytes = 8'192;   ///< request line and header fields; beyond it: 431
  std::uint64_t body_bytes = 1u << 20;  ///< of a POST or PUT; beyond it: 413
};

/// What is to be answered. The session decides; whoever owns the connection renders and sends.
struct HttpReply {
  enum class Body : std::uint8_t {
    kStandard,  ///< the body that every page has
    kSized,     ///< `body_bytes` bytes, asked for as /bytes/N
    kNotice,    ///< a line of text that repeats the status
    kNone,      ///< 100 Continue
  };
  std::uint16_t status = 200;
  Body body = Body::kStandard;
  bool head_only = false;        ///< HEAD: the length is told, the body is not sent
  bool close = false;            ///< the connection ends behind this reply
  bool says_keep_alive = false;  ///< HTTP/1.0 clients want to hear that it does not
  std::uint64_t body_bytes = 0;  ///< of kSized

  friend bool operator==(const HttpReply&, const HttpReply&) = default;
};

/// One HTTP/1.1 connection without its I/O: bytes in, replies out, in the order of the requests.
///
/// It never holds more than one reply: feed() stops behind a request until its reply was taken, so
/// the caller's back pressure bounds what a pipelining client can make us do. Allocates nothing.
class HttpSession {
 public:
  HttpSession() : HttpSession(HttpLimits{}) {}
  explicit HttpSession(const HttpLimits& limits);

  /// Parses up to the next reply and returns how many bytes were taken: 0 while a reply waits.
  /// After the last reply everything is taken and ignored.
  std::size_t feed(std::span<const std::byte> bytes);
  std::optional<HttpReply> take_reply();

  /// No byte of a next request has arrived.
  bool is_between_requests() const { return header_bytes_ == 0 && !in_body_ && !reply_; }
  /// The last reply of this connection was decided: feed() ignores what else comes.
  bool is_finished() const { return finished_; }

 private:
  struct Callbacks;
  static constexpr std::size_t kKeptTarget = 64;
  static constexpr std::size_t kKeptField = 16;

  /// The beginning of a text that arrives in pieces.
  template <std::size_t N>
  struct Kept {
    std::array<char, N> text{};
    std::uint32_t length = 0;  ///< in truth; only the first N bytes are kept
    void append(const char* at, std::size_t n);
    bool is_whole() const { return length <= N; }
    std::string_view view() const { return {text.data(), length < N ? length : N}; }
  };

  void begin_message();
  void end_field();
  void decide_on_headers();
  void decide_on_message();
  void refuse(std::uint16_t status);
  void reply_and_pause(const HttpReply& reply);
  void on_parse_error(std::byte offender);
  std::optional<std::uint64_t> sized_target() const;

  http_parser parser_{};
  HttpLimits limits_;
  std::optional<HttpReply> reply_;
  Kept<kKeptTarget> target_;
  Kept<kKeptField> field_;
  Kept<kKeptField> value_;
  std::uint64_t body_bytes_ = 0;
  std::uint32_t header_bytes_ = 0;
  std::uint16_t hosts_ = 0;
  bool in_value_ = false;
  bool in_body_ = false;
  bool expects_continue_ = false;
  bool finished_ = false;
};

}  // namespace zs::apps
