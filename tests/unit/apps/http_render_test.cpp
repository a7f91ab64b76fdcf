#include "http_render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zs::apps {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string head_of(const HttpReply& reply, std::uint64_t bytes) {
  std::array<char, kMaxHead> out{};
  return std::string(render_head(reply, bytes, out));
}

TEST(HttpRender, Standard) {
  EXPECT_EQ(head_of({}, 64),
            "HTTP/1.1 200 OK\r\nServer: zstack\r\nContent-Type: text/plain\r\n"
            "Content-Length: 64\r\n\r\n");
}

TEST(HttpRender, EveryStatusFitsAndEndsWithAnEmptyLine) {
  for (const int status : {100, 200, 400, 405, 408, 413, 417, 431, 505, 599}) {
    HttpReply reply;
    reply.status = static_cast<std::uint16_t>(status);
    reply.close = true;
    const std::string head = head_of(reply, UINT64_MAX);
    EXPECT_LT(head.size(), kMaxHead - 1);
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
    EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
  }
}

TEST(HttpRender, MethodsThatWouldBeAllowed) {
  HttpReply reply;
  reply.status = 405;
  EXPECT_THAT(head_of(reply, 0), HasSubstr("Allow: GET, HEAD, POST, PUT\r\n"));
  EXPECT_THAT(head_of({}, 0), Not(HasSubstr("Allow")));
}

TEST(HttpRender, ContinueIsTheStatusLineAlone) {
  HttpReply reply;
  reply.status = 100;
  reply.body = HttpReply::Body::kNone;
  EXPECT_EQ(head_of(reply, 0), "HTTP/1.1 100 Continue\r\n\r\n");
}

}  // namespace
}  // namespace zs::apps
