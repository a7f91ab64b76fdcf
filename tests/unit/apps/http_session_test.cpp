#include "http_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace zs::apps {
namespace {

using ::testing::ElementsAre;

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// Feeds everything, `piece` bytes at a time, taking each reply as it comes.
std::vector<HttpReply> converse(HttpSession& session, std::string_view text,
                                std::size_t piece = std::string_view::npos) {
  std::vector<HttpReply> replies;
  while (!text.empty()) {
    const auto part = text.substr(0, piece);
    const std::size_t taken = session.feed(as_bytes(part));
    EXPECT_LE(taken, part.size());
    auto reply = session.take_reply();
    EXPECT_TRUE(taken > 0 || reply) << "no progress";
    if (taken == 0 && !reply) break;
    if (reply) replies.push_back(*reply);
    text.remove_prefix(taken);
  }
  return replies;
}
std::vector<HttpReply> converse(std::string_view text) {
  HttpSession session;
  return converse(session, text);
}
std::vector<int> statuses(std::string_view text) {
  std::vector<int> result;
  for (const auto& reply : converse(text)) result.push_back(reply.status);
  return result;
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(HttpSession, AnswersAGet) {
  const auto replies = converse(kGet);
  EXPECT_THAT(replies, ElementsAre(HttpReply{}));
}

TEST(HttpSession, AnswersWhereverTheRequestIsSplit) {
  const std::string text =
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + std::string(kGet);
  for (std::size_t at = 1; at < text.size(); ++at) {
    HttpSession session;
    auto replies = converse(session, std::string_view(text).substr(0, at));
    for (const auto& r : converse(session, std::string_view(text).substr(at))) {
      replies.push_back(r);
    }
    EXPECT_THAT(replies, ElementsAre(HttpReply{}, HttpReply{})) << "split at " << at;
  }
  HttpSession bytewise;
  EXPECT_EQ(converse(bytewise, text, 1).size(), 2u);
}

TEST(HttpSession, PipelinedRequestsWaitForTheReplyBeforeThem) {
  HttpSession session;
  const std::string three = std::string(kGet) + std::string(kGet) + std::string(kGet);
  EXPECT_EQ(session.feed(as_bytes(three)), kGet.size());
  EXPECT_EQ(session.feed(as_bytes(three).subspan(kGet.size())), 0u) << "the first is not taken yet";
  EXPECT_TRUE(session.take_reply());
  EXPECT_EQ(session.feed(as_bytes(three).subspan(kGet.size())), kGet.size());
}

TEST(HttpSession, HeadTellsTheLengthOnly) {
  const auto replies = converse("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_TRUE(replies[0].head_only);
  EXPECT_EQ(replies[0].status, 200);
}

TEST(HttpSession, SizedTargets) {
  const auto size_of = [](const std::string& target) -> std::optional<std::uint64_t> {
    const auto replies = converse("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    if (replies.size() != 1 || replies[0].body != HttpReply::Body::kSized) return std::nullopt;
    return replies[0].body_bytes;
  };
  EXPECT_EQ(size_of("/bytes/0"), 0u);
  EXPECT_EQ(size_of("/bytes/1073741824"), 1u << 30);
  EXPECT_EQ(size_of("/bytes/12?x=1"), 12u);
  EXPECT_EQ(size_of("http://10.0.0.1:80/bytes/7"), 7u);
  for (const char* other : {"/bytes/", "/bytes/-1", "/bytes/1x", "/bytes/99999999999999999999", "/",
                            "/x/bytes/1", "/?http:///bytes/1"}) {
    EXPECT_FALSE(size_of(other)) << other;
  }
}

TEST(HttpSession, ConnectionsStayOpenAsTheVersionSays) {
  const auto one = [](const char* text) { return converse(text).at(0); };
  EXPECT_FALSE(one("GET / HTTP/1.1\r\nHost: a\r\n\r\n").close);
  EXPECT_TRUE(one("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").close);
  EXPECT_TRUE(one("GET / HTTP/1.0\r\n\r\n").close);
  const auto kept = one("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(kept.close);
  EXPECT_TRUE(kept.says_keep_alive);
}

TEST(HttpSession, NothingIsAnsweredBehindTheLastReply) {
  HttpSession session;
  const auto replies = converse(
      session, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(replies.size(), 1u);
  EXPECT_TRUE(session.is_finished());
}

TEST(HttpSession, WrongRequestsAreRefusedAndTheConnectionEnds) {
  const struct {
    const char* request;
    int status;
  } cases[] = {
      {"hello there\r\n\r\n", 400},
      {"\x16\x03\x01\x02", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n", 400},
      {"GET / FTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417},
  };
  for (const auto& c : cases) {
    HttpSession session;
    const auto replies = converse(session, c.request);
    ASSERT_EQ(replies.size(), 1u) << c.request;
    EXPECT_EQ(replies[0].status, c.status) << c.request;
    EXPECT_TRUE(replies[0].close) << c.request;
    EXPECT_TRUE(session.is_finished()) << c.request;
    EXPECT_EQ(session.feed(as_bytes(kGet)), kGet.size()) << "the rest is ignored";
    EXPECT_FALSE(session.take_reply());
  }
}

TEST(HttpSession, HeadersHaveABound) {
  const std::string field = "X-Pad: " + std::string(1000, 'x') + "\r\n";
  std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 7; ++i) request += field;
  EXPECT_THAT(statuses(request + "\r\n"), ElementsAre(200));
  for (int i = 0; i < 2; ++i) request += field;
  EXPECT_THAT(statuses(request + "\r\n"), ElementsAre(431));
  EXPECT_THAT(statuses("GET /" + std::string(20'000, 'a')), ElementsAre(431));
  EXPECT_THAT(statuses(std::string(20'000, '\n')), ElementsAre(431));
}

TEST(HttpSession, TheBoundCountsEachRequestAnew) {
  HttpSession session;
  std::string many;
  for (int i = 0; i < 1000; ++i) many += kGet;
  EXPECT_EQ(converse(session, many).size(), 1000u);
  EXPECT_TRUE(session.is_between_requests());
}

TEST(HttpSession, BodiesAreReadAndBounded) {
  HttpLimits limits;
  limits.body_bytes = 10;
  HttpSession session(limits);
  EXPECT_EQ(converse(session, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789")
                .at(0)
                .status,
            200);
  const auto replies = converse(session,
                                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "6\r\n012345\r\n5\r\n01234\r\n0\r\n\r\n");
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].status, 413);
}

TEST(HttpSession, ChunkedBodiesWithTrailersEndWhereTheySay) {
  EXPECT_THAT(statuses("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3;x=y\r\nabc\r\n0\r\nHost: b\r\n\r\n" +
                       std::string(kGet)),
              ElementsAre(200, 200));
}

TEST(HttpSession, ExpectIsAnsweredBeforeTheBody) {
  HttpSession session;
  const std::string head =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  const auto first = converse(session, head);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].status, 100);
  EXPECT_FALSE(session.is_between_requests());
  const auto second = converse(session, "abc");
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].status, 200);
  EXPECT_THAT(statuses(head + "abc" + std::string(kGet)), ElementsAre(100, 200, 200));
}

TEST(HttpSession, KnowsWhetherARequestHasBegun) {
  HttpSession session;
  EXPECT_TRUE(session.is_between_requests());
  session.feed(as_bytes("GET"));
  EXPECT_FALSE(session.is_between_requests());
  session.feed(as_bytes(kGet.substr(3)));
  EXPECT_FALSE(session.is_between_requests()) << "its reply was not taken";
  session.take_reply();
  EXPECT_TRUE(session.is_between_requests());
}

RC_GTEST_PROP(HttpSession, SurvivesAnyBytes, (const std::vector<std::string>& pieces)) {
  HttpSession session;
  for (const auto& piece : pieces) {
    std::string_view rest = piece;
    while (!rest.empty()) {
      const std::size_t taken = session.feed(as_bytes(rest));
      RC_ASSERT(taken <= rest.size());
      RC_ASSERT(taken > 0 || session.take_reply().has_value());
      session.take_reply();
      rest.remove_prefix(taken);
    }
  }
}

RC_GTEST_PROP(HttpSession, SurvivesDamagedRequests,
              (std::size_t at, char byte, std::uint8_t step)) {
  std::string text =
      "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  text[at % text.size()] = byte;
  HttpSession session;
  const auto replies = converse(session, text, 1u + step % 16u);
  RC_ASSERT(replies.size() <= 3u);
}

}  // namespace
}  // namespace zs::apps
