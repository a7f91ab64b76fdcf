#include "http_session.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace zs::apps {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_upper(std::byte b) { return b >= std::byte{'A'} && b <= std::byte{'Z'}; }

}  // namespace

template <std::size_t N>
void HttpSession::Kept<N>::append(const char* at, std::size_t n) {
  if (length < N) std::memcpy(text.data() + length, at, std::min(n, N - length));
  length += static_cast<std::uint32_t>(n);
}

/// http_parser speaks C: each callback finds its session in parser->data.
struct HttpSession::Callbacks {
  static HttpSession& self(http_parser* p) { return *static_cast<HttpSession*>(p->data); }

  static int on_message_begin(http_parser* p) {
    self(p).begin_message();
    return 0;
  }
  static int on_url(http_parser* p, const char* at, std::size_t n) {
    self(p).target_.append(at, n);
    return 0;
  }
  static int on_header_field(http_parser* p, const char* at, std::size_t n) {
    HttpSession& s = self(p);
    if (s.in_body_) return 0;  // a trailer
    if (s.in_value_) s.end_field();
    // Debian's http_parser is built lenient. RFC 9112 §5.1: a space in front of the colon is 400,
    // since one server's "Content-Length :" is another's unknown field.
    if (std::memchr(at, ' ', n) != nullptr) s.refuse(400);
    s.field_.append(at, n);
    return 0;
  }
  static int on_header_value(http_parser* p, const char* at, std::size_t n) {
    HttpSession& s = self(p);
    if (s.in_body_) return 0;
    s.in_value_ = true;
    s.value_.append(at, n);
    return 0;
  }
  static int on_headers_complete(http_parser* p) {
    self(p).decide_on_headers();
    return 0;
  }
  static int on_body(http_parser* p, const char*, std::size_t n) {
    HttpSession& s = self(p);
    s.body_bytes_ += n;
    if (s.body_bytes_ > s.limits_.body_bytes) s.refuse(413);
    return 0;
  }
  static int on_message_complete(http_parser* p) {
    self(p).decide_on_message();
    return 0;
  }

  static const http_parser_settings& table() {
    static const http_parser_settings settings = [] {
      http_parser_settings s;
      http_parser_settings_init(&s);
      s.on_message_begin = on_message_begin;
      s.on_url = on_url;
      s.on_header_field = on_header_field;
      s.on_header_value = on_header_value;
      s.on_headers_complete = on_headers_complete;
      s.on_body = on_body;
      s.on_message_complete = on_message_complete;
      return s;
    }();
    return settings;
  }
};

HttpSession::HttpSession(const HttpLimits& limits) : limits_(limits) {
  http_parser_init(&parser_, HTTP_REQUEST);
}

std::size_t HttpSession::feed(std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  parser_.data = this;  // here, because sessions may move between calls
  while (taken < bytes.size() && !reply_) {
    if (finished_) return bytes.size();
    const auto rest = bytes.subspan(taken);
    std::size_t n = rest.size();
    if (!in_body_) n = std::min<std::size_t>(n, limits_.header_bytes - header_bytes_);
    if (n == 0) {
      refuse(431);
      break;
    }
    if (HTTP_PARSER_ERRNO(&parser_) == HPE_PAUSED) http_parser_pause(&parser_, 0);
    const bool was_in_body = in_body_;
    const std::size_t parsed = http_parser_execute(&parser_, &Callbacks::table(),
                                                   reinterpret_cast<const char*>(rest.data()), n);
    const http_errno error = HTTP_PARSER_ERRNO(&parser_);
    if (error != HPE_OK && error != HPE_PAUSED) {
      on_parse_error(rest[std::min(parsed, n - 1)]);
      break;
    }
    taken += parsed;
    // A message that ended has reset the count already.
    if (!was_in_body && !in_body_ && !reply_) header_bytes_ += static_cast<std::uint32_t>(parsed);
  }
  return finished_ ? bytes.size() : taken;
}

std::optional<HttpReply> HttpSession::take_reply() { return std::exchange(reply_, std::nullopt); }

void HttpSession::begin_message() {
  target_.length = 0;
  field_.length = 0;
  value_.length = 0;
  body_bytes_ = 0;
  hosts_ = 0;
  in_value_ = false;
  expects_continue_ = false;
}

void HttpSession::end_field() {
  if (field_.is_whole()) {
    if (equals_ignoring_case(field_.view(), "host")) ++hosts_;
    if (equals_ignoring_case(field_.view(), "expect")) {
      const bool is_known =
          value_.is_whole() && equals_ignoring_case(value_.view(), "100-continue");
      if (is_known) {
        expects_continue_ = true;
      } else {
        refuse(417);
      }
    }
  }
  field_.length = 0;
  value_.length = 0;
  in_value_ = false;
}

void HttpSession::decide_on_headers() {
  if (in_value_) end_field();
  in_body_ = true;
  if (finished_) return;
  const bool is_1_1 = parser_.http_minor >= 1;
  if (parser_.http_major != 1) return refuse(505);
  // RFC 9112 §3.2: a request without exactly one Host is answered with 400.
  if (is_1_1 ? hosts_ != 1 : hosts_ > 1) return refuse(400);
  const auto method = static_cast<http_method>(parser_.method);
  if (method != HTTP_GET && method != HTTP_HEAD && method != HTTP_POST && method != HTTP_PUT) {
    return refuse(405);
  }
  const bool has_length = (parser_.flags & F_CONTENTLENGTH) != 0;
  if (has_length && parser_.content_length > limits_.body_bytes) return refuse(413);
  const bool has_body =
      (parser_.flags & F_CHUNKED) != 0 || (has_length && parser_.content_length > 0);
  if (expects_continue_ && is_1_1 && has_body) {
    HttpReply go_on;
    go_on.status = 100;
    go_on.body = HttpReply::Body::kNone;
    reply_and_pause(go_on);
  }
}

void HttpSession::decide_on_message() {
  if (finished_) return;
  HttpReply reply;
  reply.head_only = parser_.method == HTTP_HEAD;
  reply.close = http_should_keep_alive(&parser_) == 0;
  reply.says_keep_alive = !reply.close && parser_.http_minor == 0;
  if (const auto bytes = sized_target()) {
    reply.body = HttpReply::Body::kSized;
    reply.body_bytes = *bytes;
  }
  in_body_ = false;
  header_bytes_ = 0;
  finished_ = reply.close;
  reply_and_pause(reply);
}

/// N of a target /bytes/N, with or without a query. An N that is no number is no such target.
std::optional<std::uint64_t> HttpSession::sized_target() const {
  constexpr std::string_view kPrefix = "/bytes/";
  if (!target_.is_whole()) return std::nullopt;
  std::string_view path = target_.view();
  if (const auto scheme = path.find("://"); scheme != std::string_view::npos && path[0] != '/') {
    const auto slash = path.find('/', scheme + 3);  // RFC 9112 §3.2.2, absolute-form
    if (slash == std::string_view::npos) return std::nullopt;
    path.remove_prefix(slash);
  }
  path = path.substr(0, path.find_first_of("?#"));
  if (!path.starts_with(kPrefix)) return std::nullopt;
  path.remove_prefix(kPrefix.size());
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), n);
  if (error != std::errc{} || end != path.data() + path.size()) return std::nullopt;
  return n;
}

void HttpSession::refuse(std::uint16_t status) {
  if (finished_) return;  // the first reason is the one that is told
  finished_ = true;
  HttpReply reply;
  reply.status = status;
  reply.body = HttpReply::Body::kNotice;
  reply.head_only = parser_.method == HTTP_HEAD && in_body_;
  reply.close = true;
  reply_and_pause(reply);
}

void HttpSession::reply_and_pause(const HttpReply& reply) {
  reply_ = reply;
  const http_errno state = HTTP_PARSER_ERRNO(&parser_);
  // A parser that met an error has stopped already, and may not be paused.
  if (state == HPE_OK || state == HPE_PAUSED) http_parser_pause(&parser_, 1);
}

void HttpSession::on_parse_error(std::byte offender) {
  switch (static_cast<int>(HTTP_PARSER_ERRNO(&parser_))) {
    case HPE_HEADER_OVERFLOW:
      refuse(431);
      return;
    case HPE_INVALID_METHOD:
      // A word in capitals is a method that we do not know; anything else is no HTTP at all.
      refuse(is_upper(offender) ? 405 : 400);
      return;
    default:
      refuse(400);
      return;
  }
}

}  // namespace zs::apps
