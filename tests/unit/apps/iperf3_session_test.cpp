#include "iperf3_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/byte_order.hpp"

namespace zs::apps::iperf3 {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Instant kStart = Instant::from_ns(1'000'000'000);

Cookie cookie_of(char letter) {
  Cookie cookie{};
  std::fill(cookie.begin(), cookie.end() - 1, static_cast<std::byte>(letter));
  return cookie;
}

std::string document(std::string_view json) {
  std::array<std::byte, 4> length;
  store_be(length.data(), static_cast<std::uint32_t>(json.size()));
  return std::string(reinterpret_cast<const char*>(length.data()), 4).append(json);
}

void say(Session& session, std::string_view text, Instant now = kStart) {
  session.on_control_bytes(std::as_bytes(std::span(text)), now);
}
void say(Session& session, Message message, Instant now = kStart) {
  const char byte = static_cast<char>(message);
  say(session, std::string_view(&byte, 1), now);
}

std::string messages(std::initializer_list<Message> list) {
  std::string text;
  for (const Message m : list) text += static_cast<char>(m);
  return text;
}

std::string complaint(Complaint c) {
  return messages({Message::kServerError}) + std::string(3, '\0') + static_cast<char>(c) +
         std::string(4, '\0');
}

/// A session whose client asked for `json`, with its streams connected.
Session running(std::string_view json, Instant now = kStart) {
  Session session(cookie_of('a'), now);
  say(session, document(json), now);
  const std::size_t streams = session.streams().size();
  for (std::size_t i = 0; i < streams; ++i) {
    EXPECT_EQ(session.on_connection(cookie_of('a'), now), i);
  }
  EXPECT_TRUE(session.is_running());
  session.take_output();
  return session;
}

std::vector<std::uint32_t> ids(const Session& session) {
  std::vector<std::uint32_t> result;
  for (const Stream& s : session.streams()) result.push_back(s.id);
  return result;
}

/// What is wrong with these parameters.
std::optional<Complaint> refusal(std::string_view json) {
  Params params;
  std::string why;
  const auto c = parse_params(json, params, why);
  EXPECT_EQ(c.has_value(), !why.empty());
  return c;
}

TEST(Iperf3Session, GoesThroughATestToItsEnd) {
  Session session(cookie_of('a'), kStart);
  EXPECT_EQ(session.take_output(), messages({Message::kParamExchange}));
  say(session, document(R"({"tcp":true,"omit":0,"time":2,"parallel":1,"len":131072})"));
  EXPECT_EQ(session.take_output(), messages({Message::kCreateStreams}));
  EXPECT_FALSE(session.is_running());
  EXPECT_EQ(session.on_connection(cookie_of('a'), kStart), 0u);
  EXPECT_EQ(session.take_output(), messages({Message::kTestStart, Message::kTestRunning}));
  EXPECT_TRUE(session.is_running());

  session.on_transfer(0, 1'000, kStart + 1s);
  session.set_cpu_use({.user = 10, .system = 5});
  say(session, Message::kTestEnd, kStart + 2s);
  EXPECT_FALSE(session.is_running());
  EXPECT_EQ(session.take_output(), messages({Message::kExchangeResults}));
  session.on_transfer(0, 1'000, kStart + 2s);  // too late to count

  say(session, document(R"({"streams":[]})"), kStart + 3s);
  const std::string output = session.take_output();
  ASSERT_GT(output.size(), 5u);
  EXPECT_EQ(output.back(), static_cast<char>(Message::kDisplayResults));
  const std::string json = output.substr(4, output.size() - 5);
  EXPECT_EQ(output.substr(0, 4), document(json).substr(0, 4));
  const auto results = nlohmann::json::parse(json, nullptr, false);
  ASSERT_TRUE(results.is_object());
  EXPECT_EQ(results["cpu_util_total"], 15);
  EXPECT_EQ(results["sender_has_retransmits"], -1);
  ASSERT_EQ(results["streams"].size(), 1u);
  EXPECT_EQ(results["streams"][0]["id"], 1);
  EXPECT_EQ(results["streams"][0]["bytes"], 1'000);
  EXPECT_EQ(results["streams"][0]["end_time"], 2.0);
  for (const char* key : {"retransmits", "jitter", "errors", "packets", "start_time"}) {
    EXPECT_TRUE(results["streams"][0].contains(key)) << key;
  }

  say(session, Message::kDone, kStart + 3s);
  EXPECT_TRUE(session.is_over());
  EXPECT_EQ(session.trouble(), "");
}

TEST(Iperf3Session, UnderstandsBytesHoweverTheyAreCut) {
  Session session(cookie_of('a'), kStart);
  for (const char c : document(R"({"tcp":true,"parallel":2})")) {
    EXPECT_EQ(session.streams().size(), 0u);
    say(session, std::string_view(&c, 1));
  }
  EXPECT_EQ(session.streams().size(), 2u);
}

TEST(Iperf3Session, NumbersStreamsAsIperf3Does) {
  EXPECT_THAT(ids(running(R"({"parallel":4})")), ElementsAre(1, 3, 4, 5));
  EXPECT_THAT(ids(running(R"({"parallel":1,"bidirectional":true})")), ElementsAre(1, 3));
}

TEST(Iperf3Session, KnowsWhoSends) {
  EXPECT_EQ(running("{}").streams()[0].direction, Direction::kReceive);
  EXPECT_EQ(running(R"({"reverse":true})").streams()[0].direction, Direction::kSend);
  const Session both = running(R"({"bidirectional":true})");
  EXPECT_EQ(both.streams()[0].direction, Direction::kReceive);
  EXPECT_EQ(both.streams()[1].direction, Direction::kSend);
}

TEST(Iperf3Session, TakesConnectionsOfItsOwnTestOnly) {
  Session session(cookie_of('a'), kStart);
  EXPECT_EQ(session.on_connection(cookie_of('a'), kStart), std::nullopt) << "before its time";
  say(session, document(R"({"parallel":2})"));
  EXPECT_EQ(session.on_connection(cookie_of('b'), kStart), std::nullopt);
  EXPECT_EQ(session.on_connection(cookie_of('a'), kStart), 0u);
  EXPECT_EQ(session.on_connection(cookie_of('a'), kStart), 1u);
  EXPECT_EQ(session.on_connection(cookie_of('a'), kStart), std::nullopt) << "one too many";
}

TEST(Iperf3Session, RefusesWhatItCannotServe) {
  EXPECT_EQ(refusal(R"({"udp":true})"), Complaint::kUnsupported);
  EXPECT_EQ(refusal(R"({"sctp":1})"), Complaint::kUnsupported);
  EXPECT_EQ(refusal(R"({"parallel":0})"), Complaint::kStreamCount);
  EXPECT_EQ(refusal(R"({"parallel":129})"), Complaint::kStreamCount);
  EXPECT_EQ(refusal(R"({"parallel":-1})"), Complaint::kStreamCount);
  EXPECT_EQ(refusal(R"({"parallel":"2"})"), Complaint::kStreamCount);
  EXPECT_EQ(refusal(R"({"len":0})"), Complaint::kBlockSize);
  EXPECT_EQ(refusal(R"({"len":1048577})"), Complaint::kBlockSize);
  EXPECT_EQ(refusal(R"({"time":1e300})"), Complaint::kParams);
  EXPECT_EQ(refusal(R"({"omit":601})"), Complaint::kParams);
  EXPECT_EQ(refusal(R"({"bandwidth":-1.5})"), Complaint::kParams);
  EXPECT_EQ(refusal(""), Complaint::kParams);
  EXPECT_EQ(refusal("[]"), Complaint::kParams);
  EXPECT_EQ(refusal("{"), Complaint::kParams);
  EXPECT_EQ(refusal(std::string(16'000, '[')), Complaint::kParams);
  EXPECT_EQ(refusal(R"({"tcp":true,"udp":false,"bandwidth":1e9})"), std::nullopt);
}

TEST(Iperf3Session, TellsTheClientWhatItRefuses) {
  Session session(cookie_of('a'), kStart);
  session.take_output();
  say(session, document(R"({"udp":true})"));
  EXPECT_EQ(session.take_output(), complaint(Complaint::kUnsupported));
  EXPECT_TRUE(session.is_over());
  EXPECT_THAT(session.trouble(), HasSubstr("only TCP"));
}

TEST(Iperf3Session, RefusesALengthBeforeItsBytesCome) {
  Session session(cookie_of('a'), kStart);
  session.take_output();
  say(session, "\xff\xff\xff\xff");
  EXPECT_EQ(session.take_output(), complaint(Complaint::kParams));
  EXPECT_TRUE(session.is_over());
}

TEST(Iperf3Session, RefusesMessagesAtTheWrongTime) {
  for (const Message m : {Message::kDone, Message::kTestStart, Message::kServerError}) {
    Session session = running("{}");
    say(session, m);
    EXPECT_TRUE(session.is_over());
    EXPECT_EQ(session.take_output(), complaint(Complaint::kMessage));
  }
}

TEST(Iperf3Session, EndsWhenTheClientDoes) {
  Session gone = running("{}");
  gone.on_control_end();
  EXPECT_TRUE(gone.is_over());
  EXPECT_NE(gone.trouble(), "");
  Session interrupted = running("{}");
  say(interrupted, Message::kClientTerminate);
  EXPECT_TRUE(interrupted.is_over());
  EXPECT_NE(interrupted.trouble(), "");
}

TEST(Iperf3Session, TellsTheClientThatWeStop) {
  Session session = running("{}");
  session.on_stop();
  EXPECT_TRUE(session.is_over());
  EXPECT_EQ(session.take_output(), messages({Message::kServerTerminate}));
}

TEST(Iperf3Session, LosesPatienceInEveryStep) {
  const auto expect_end = [](Session& session) {
    const Instant end = session.next_deadline();
    ASSERT_FALSE(end.is_never());
    session.on_deadline(end + Duration{-1});
    EXPECT_FALSE(session.is_over());
    session.on_deadline(end);
    EXPECT_TRUE(session.is_over());
    EXPECT_TRUE(session.next_deadline().is_never());
    EXPECT_NE(session.trouble(), "");
  };
  Session params(cookie_of('a'), kStart);
  expect_end(params);
  Session streams(cookie_of('a'), kStart);
  say(streams, document("{}"));
  expect_end(streams);
  Session test = running("{}");
  expect_end(test);
  Session results = running("{}");
  say(results, Message::kTestEnd);
  expect_end(results);
  Session display = running("{}");
  say(display, Message::kTestEnd);
  say(display, document("{}"));
  expect_end(display);
}

TEST(Iperf3Session, BytesKeepATestAliveUntilItsTimeIsLongOver) {
  Session session = running(R"({"time":10})");
  Instant now = kStart;
  while (!session.is_over() && now < kStart + 100s) {
    now = now + 1s;
    session.on_transfer(0, 1, now);
    session.on_deadline(now);
  }
  EXPECT_EQ(now, kStart + 40s);
}

TEST(Iperf3Session, DoesNotCountTheOmittedTime) {
  Session session = running(R"({"time":2,"omit":1})");
  session.on_transfer(0, 500, kStart + 500ms);
  EXPECT_EQ(session.next_deadline(), kStart + 1s);
  session.on_deadline(kStart + 1s);
  session.on_transfer(0, 70, kStart + 2s);
  EXPECT_EQ(session.streams()[0].bytes, 70u);
  say(session, Message::kTestEnd, kStart + 3s);
  EXPECT_EQ(session.elapsed(kStart + 9s), 2s);
}

TEST(Iperf3Session, AllowsWhatTheRateAllows) {
  const Session paced = running(R"({"reverse":true,"bandwidth":8000})");
  EXPECT_EQ(paced.allowance(kStart), 0u);
  EXPECT_EQ(paced.allowance(kStart + 3s), 3'000u);
  EXPECT_EQ(running("{}").allowance(kStart), UINT64_MAX);
}

RC_GTEST_PROP(Iperf3Session, SurvivesAnyBytesAtAnyStep, (std::vector<std::uint8_t> bytes)) {
  const std::string text(bytes.begin(), bytes.end());
  Session fresh(cookie_of('a'), kStart);
  say(fresh, text);
  Session in_document(cookie_of('a'), kStart);
  say(in_document, document(text));
  Session in_test = running("{}");
  say(in_test, text);
  Session in_results = running("{}");
  say(in_results, Message::kTestEnd);
  say(in_results, document(text));
  for (Session* s : {&fresh, &in_document, &in_test, &in_results}) {
    s->on_deadline(s->next_deadline());
    s->on_control_end();
    RC_ASSERT(s->is_over());
  }
}

}  // namespace
}  // namespace zs::apps::iperf3
