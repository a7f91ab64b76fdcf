#include "http_response.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace zs::apps {
namespace {

using State = HttpResponse::State;

std::size_t feed(HttpResponse& r, std::string_view text) {
  return r.feed(std::as_bytes(std::span(text)));
}

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";

TEST(HttpResponse, IsCompleteWithTheLastByteOfItsBody) {
  HttpResponse r;
  EXPECT_EQ(feed(r, kOk.substr(0, kOk.size() - 1)), kOk.size() - 1);
  EXPECT_EQ(r.state(), State::kIncomplete);
  EXPECT_EQ(feed(r, "c"), 1u);
  EXPECT_EQ(r.state(), State::kComplete);
  EXPECT_EQ(r.status(), 200);
  EXPECT_TRUE(r.keeps_alive());
}

TEST(HttpResponse, ReadsThemWhereverTheyAreSplit) {
  for (std::size_t at = 1; at < kOk.size(); ++at) {
    HttpResponse r;
    feed(r, kOk.substr(0, at));
    EXPECT_EQ(feed(r, kOk.substr(at)), kOk.size() - at);
    EXPECT_EQ(r.state(), State::kComplete) << at;
  }
}

TEST(HttpResponse, LeavesTheNextAnswerAlone) {
  HttpResponse r;
  const std::string two = std::string(kOk) + "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  ASSERT_EQ(feed(r, two), kOk.size());
  EXPECT_EQ(feed(r, std::string_view(two).substr(kOk.size())), 0u) << "not before begin()";
  r.begin();
  EXPECT_EQ(feed(r, std::string_view(two).substr(kOk.size())), two.size() - kOk.size());
  EXPECT_EQ(r.state(), State::kComplete);
  EXPECT_EQ(r.status(), 404);
}

TEST(HttpResponse, ServersSayWhenTheyClose) {
  HttpResponse r;
  feed(r, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(r.state(), State::kComplete);
  EXPECT_FALSE(r.keeps_alive());
}

TEST(HttpResponse, WithoutALengthItEndsWithTheConnection) {
  HttpResponse r;
  feed(r, "HTTP/1.0 200 OK\r\n\r\nabc");
  EXPECT_EQ(r.state(), State::kIncomplete);
  r.end();
  EXPECT_EQ(r.state(), State::kComplete);
  EXPECT_FALSE(r.keeps_alive());
}

TEST(HttpResponse, HalfAnAnswerIsNone) {
  HttpResponse r;
  feed(r, kOk.substr(0, kOk.size() - 1));
  r.end();
  EXPECT_NE(r.state(), State::kComplete);
}

TEST(HttpResponse, ContinueIsNotTheAnswer) {
  HttpResponse r;
  feed(r, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(r.state(), State::kIncomplete);
  feed(r, kOk);
  EXPECT_EQ(r.state(), State::kComplete);
  EXPECT_EQ(r.status(), 200);
}

TEST(HttpResponse, ChunkedBodies) {
  HttpResponse r;
  feed(r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n");
  EXPECT_EQ(r.state(), State::kIncomplete);
  feed(r, "\r\n");
  EXPECT_EQ(r.state(), State::kComplete);
}

TEST(HttpResponse, SomethingElseIsInvalid) {
  HttpResponse r;
  feed(r, "SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_EQ(r.state(), State::kInvalid);
}

}  // namespace
}  // namespace zs::apps
