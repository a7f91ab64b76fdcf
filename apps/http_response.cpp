#include "http_response.hpp"

namespace zs::apps {

/// http_parser speaks C: it finds its object in parser->data.
struct HttpResponse::Callbacks {
  static int on_message_complete(http_parser* p) {
    auto& self = *static_cast<HttpResponse*>(p->data);
    constexpr unsigned kFirstFinal = 200;
    if (p->status_code < kFirstFinal) return 0;  // 100 Continue: the answer is still to come
    self.status_ = static_cast<std::uint16_t>(p->status_code);
    self.keeps_alive_ = http_should_keep_alive(p) != 0;
    self.state_ = State::kComplete;
    http_parser_pause(p, 1);  // what follows is another answer
    return 0;
  }

  static const http_parser_settings& table() {
    static const http_parser_settings settings = [] {
      http_parser_settings s;
      http_parser_settings_init(&s);
      s.on_message_complete = on_message_complete;
      return s;
    }();
    return settings;
  }
};

void HttpResponse::begin() {
  http_parser_init(&parser_, HTTP_RESPONSE);
  state_ = State::kIncomplete;
  status_ = 0;
  keeps_alive_ = false;
}

std::size_t HttpResponse::feed(std::span<const std::byte> bytes) {
  if (state_ != State::kIncomplete || bytes.empty()) return 0;
  parser_.data = this;  // here, because it may have moved
  const std::size_t taken = http_parser_execute(
      &parser_, &Callbacks::table(), reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const http_errno error = HTTP_PARSER_ERRNO(&parser_);
  if (error != HPE_OK && error != HPE_PAUSED) state_ = State::kInvalid;
  return taken;
}

void HttpResponse::end() {
  if (state_ != State::kIncomplete) return;
  parser_.data = this;
  http_parser_execute(&parser_, &Callbacks::table(), nullptr, 0);
  keeps_alive_ = false;
}

}  // namespace zs::apps
