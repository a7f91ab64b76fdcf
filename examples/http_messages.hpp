#pragma once

#include <http_parser.h>

#include <string>
#include <string_view>
#include <utility>
#include <zstack/co.hpp>

/// The messages that come from one side. The parser looks at the bytes where they are, and says
/// where a message ends.
class Messages {
 public:
  Messages(zs::co::Stream& from, http_parser_type type, bool is_without_body = false)
      : from_(from), is_without_body_(is_without_body) {
    http_parser_init(&parser_, type);
    parser_.data = this;
    settings_.on_url = [](http_parser* p, const char* at, std::size_t n) {
      self(p).target.append(at, n);
      return 0;
    };
    settings_.on_headers_complete = [](http_parser* p) {
      self(p).has_head = true;
      return self(p).is_without_body_ ? 1 : 0;
    };
    settings_.on_message_complete = [](http_parser* p) {
      if (p->type == HTTP_RESPONSE && p->status_code < 200) return 0;  // another one follows
      self(p).is_complete = true;
      self(p).is_kept_alive = http_should_keep_alive(p) != 0;
      http_parser_pause(p, 1);
      return 0;
    };
  }
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;

  /// What has come of this message. Empty: its end, the connection's, or no HTTP.
  zs::co::Task<zs::co::Buffer> next() {
    if (unread_.empty()) {
      auto bytes = co_await from_.read();
      if (!bytes) co_return zs::co::Buffer();
      if (bytes->empty()) http_parser_execute(&parser_, &settings_, "", 0);  // may be how it ends
      unread_ = *std::move(bytes);
    }
    std::size_t of_message = 0;
    unread_.for_each_piece([&](std::string_view piece) {
      if (HTTP_PARSER_ERRNO(&parser_) != HPE_OK) return;
      of_message += http_parser_execute(&parser_, &settings_, piece.data(), piece.size());
    });
    is_http = is_complete || HTTP_PARSER_ERRNO(&parser_) == HPE_OK;
    if (!is_http || of_message == 0) co_return zs::co::Buffer();
    rte_mbuf* rest = unread_.release();
    rte_mbuf* const first = z_split(&rest, of_message);
    unread_ = zs::co::Buffer(rest);
    co_return zs::co::Buffer(first);
  }
  /// The pieces up to one with the end of the next message's head. Empty: as next().
  zs::co::Task<zs::co::Buffer> head() {
    http_parser_pause(&parser_, 0);
    has_head = is_complete = false;
    target.clear();
    zs::co::Buffer all;
    for (int n = 0; !has_head; ++n) {
      if (n == kMostPieces) co_return zs::co::Buffer();
      zs::co::Buffer piece = co_await next();
      if (piece.empty()) co_return zs::co::Buffer();
      all =
          all.empty() ? std::move(piece) : zs::co::Buffer(z_concat(all.release(), piece.release()));
    }
    co_return all;
  }
  bool is_head_request() const noexcept { return parser_.method == HTTP_HEAD; }
  bool is_safe() const noexcept { return parser_.method == HTTP_GET || is_head_request(); }
  bool is_upgrade() const noexcept { return parser_.upgrade != 0; }

  /// The message is over, and the connection waits for another question.
  bool is_last_word() const noexcept { return is_complete && is_kept_alive && unread_.empty(); }

  std::string target;
  bool has_head = false;
  bool is_complete = false;
  bool is_kept_alive = false;
  bool is_http = true;

 private:
  static constexpr int kMostPieces = 64;  // of a head
  static Messages& self(http_parser* p) { return *static_cast<Messages*>(p->data); }

  zs::co::Stream& from_;
  bool is_without_body_;
  http_parser parser_{};
  http_parser_settings settings_{};
  zs::co::Buffer unread_;
};
