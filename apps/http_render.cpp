#include "http_render.hpp"

#include <algorithm>
#include <cstdio>

namespace zs::apps {

std::string_view notice_of(std::uint16_t status) {
  switch (status) {
    case 100:
      return "100 Continue\n";
    case 200:
      return "200 OK\n";
    case 400:
      return "400 Bad Request\n";
    case 405:
      return "405 Method Not Allowed\n";
    case 408:
      return "408 Request Timeout\n";
    case 413:
      return "413 Content Too Large\n";
    case 417:
      return "417 Expectation Failed\n";
    case 431:
      return "431 Request Header Fields Too Large\n";
    case 505:
      return "505 HTTP Version Not Supported\n";
    default:
      return "500 Internal Server Error\n";
  }
}

std::string_view render_head(const HttpReply& reply, std::uint64_t body_bytes,
                             std::span<char, kMaxHead> out) {
  const std::string_view notice = notice_of(reply.status);
  const std::string_view status = notice.substr(0, notice.size() - 1);
  const auto print = [&](const char* format, auto... values) -> std::string_view {
    const int n = std::snprintf(out.data(), out.size(), format, values...);
    return {out.data(), std::min(static_cast<std::size_t>(n), out.size() - 1)};
  };
  const int status_length = static_cast<int>(status.size());
  if (reply.body == HttpReply::Body::kNone) {
    return print("HTTP/1.1 %.*s\r\n\r\n", status_length, status.data());
  }
  const char* connection = "";
  if (reply.close) connection = "Connection: close\r\n";
  if (reply.says_keep_alive) connection = "Connection: keep-alive\r\n";
  // RFC 9110 §15.5.6: a 405 lists what would be allowed.
  const char* allow = reply.status == 405 ? "Allow: GET, HEAD, POST, PUT\r\n" : "";
  return print(
      "HTTP/1.1 %.*s\r\nServer: zstack\r\nContent-Type: text/plain\r\n%s%sContent-Length: "
      "%llu\r\n\r\n",
      status_length, status.data(), connection, allow, static_cast<unsigned long long>(body_bytes));
}

}  // namespace zs::apps
