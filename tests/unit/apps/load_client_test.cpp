#include "load_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "unit/apps/fake_transport.hpp"

namespace zs::apps {
namespace {

using namespace std::chrono_literals;
using test::FakeTransport;
using ::testing::IsEmpty;

constexpr Instant kStart = Instant::from_ns(1'000'000'000'000);

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

class LoadClientTest : public ::testing::Test {
 protected:
  LoadClientTest() {
    plan.target = *Endpoint::parse("10.0.0.1:80");
    plan.connections = 1;
    plan.duration = 10s;
    plan.timeout = 5s;
  }

  void start() {
    client.emplace(plan, 0, 1, transport, result);
    client->advance(now);
  }
  /// Time passes: the client is called when it asked for it, as a loop does it.
  void pass(Duration d) {
    const Instant end = now + d;
    while (client->next_deadline() <= end) {
      now = std::max(now, client->next_deadline());
      const Instant before = client->next_deadline();
      client->advance(now);
      ASSERT_NE(client->next_deadline(), before) << "asks for the same moment again";
    }
    now = end;
  }
  void event(int socket, bool readable, bool writable, bool failed = false) {
    client->on_event({transport.sockets.at(socket).connection, readable, writable, failed}, now);
    client->advance(now);
  }
  std::vector<int> open_sockets() const {
    std::vector<int> all;
    for (const auto& [fd, s] : transport.sockets) all.push_back(fd);
    return all;
  }
  int only_socket() const {
    EXPECT_EQ(transport.sockets.size(), 1u);
    return transport.sockets.begin()->first;
  }
  /// Handshakes succeed until no new one begins.
  void connect_all() {
    for (const int fd : open_sockets()) event(fd, false, true);
    for (const int fd : open_sockets()) event(fd, false, true);
  }
  void answer(int socket, std::string_view text = kAnswer) {
    transport.sockets.at(socket).inbox += text;
    event(socket, true, false);
  }
  /// Every connection that has asked is answered.
  void answer_all() {
    for (const int fd : open_sockets()) {
      if (client->is_finished()) return;
      if (std::exchange(transport.sockets.at(fd).sent, 0) > 0) answer(fd);
    }
  }
  void end(int socket) {
    transport.sockets.at(socket).has_ended = true;
    event(socket, true, false);
  }

  LoadPlan plan;
  FakeTransport transport;
  LoadResult result;
  std::optional<LoadClient> client;
  Instant now = kStart;
};

TEST_F(LoadClientTest, AsksAgainAsSoonAsItIsAnswered) {
  start();
  connect_all();
  const std::size_t request = message_of(plan).bytes;
  for (std::size_t i = 1; i <= 10; ++i) {
    EXPECT_EQ(transport.sockets.at(only_socket()).sent, i * request);
    pass(1ms);
    answer(only_socket());
  }
  EXPECT_EQ(result.requests, 10u);
  EXPECT_EQ(result.bytes_received, 10 * kAnswer.size());
  EXPECT_EQ(result.latency.percentile(50), result.latency.max());
  EXPECT_EQ(result.latency.max(), 1ms);
  EXPECT_EQ(result.error_count(), 0u);
}

TEST_F(LoadClientTest, TriesOneConnectionFirst) {
  plan.connections = 3;
  start();
  EXPECT_EQ(transport.sockets.size(), 1u);
  event(only_socket(), false, true);
  EXPECT_EQ(transport.sockets.size(), 3u);
}

TEST_F(LoadClientTest, EndsAtOnceIfTheTargetCannotBeReached) {
  start();
  transport.sockets.at(only_socket()).error = Errc::kConnRefused;
  event(only_socket(), true, true, true);
  EXPECT_TRUE(client->is_finished());
  EXPECT_EQ(result.unreachable, Errc::kConnRefused);
  EXPECT_THAT(transport.sockets, IsEmpty());
}

TEST_F(LoadClientTest, EndsAtOnceIfTheSocketRefuses) {
  transport.refusal = Errc::kNoRoute;
  start();
  EXPECT_TRUE(client->is_finished());
  EXPECT_EQ(result.unreachable, Errc::kNoRoute);
}

TEST_F(LoadClientTest, TheWarmUpIsNotMeasured) {
  plan.warmup = 1s;
  start();
  connect_all();
  pass(900ms);
  answer(only_socket());  // asked in the warm-up
  pass(200ms);
  answer(only_socket());  // asked in the warm-up, answered after it
  EXPECT_EQ(result.requests, 0u);
  pass(100ms);
  answer(only_socket());
  EXPECT_EQ(result.requests, 1u);
}

TEST_F(LoadClientTest, WaitsForWhatWasAskedAndThenCloses) {
  plan.timeout = 60s;
  start();
  connect_all();
  pass(10s);
  EXPECT_FALSE(client->is_finished());
  pass(1s);
  answer(only_socket());
  EXPECT_TRUE(client->is_finished());
  EXPECT_EQ(result.requests, 1u);
  EXPECT_EQ(result.latency.max(), 11s);
  EXPECT_EQ(result.measured, 10s) << "not the time that it waited for the last answer";
  EXPECT_THAT(transport.sockets, IsEmpty());
  EXPECT_EQ(transport.orderly_ends, 1);
}

TEST_F(LoadClientTest, ASignalEndsTheMeasuredTime) {
  start();
  connect_all();
  pass(3s);
  answer(only_socket());
  client->stop(now);
  EXPECT_FALSE(client->is_finished()) << "a request is on its way";
  client->abort();
  EXPECT_TRUE(client->is_finished());
  EXPECT_EQ(result.measured, 3s);
  EXPECT_EQ(transport.resets, 1);
}

TEST_F(LoadClientTest, EndsAfterANumberOfRequests) {
  plan.requests = 5;
  plan.connections = 2;
  start();
  connect_all();
  int answers = 0;
  while (!client->is_finished() && answers < 100) {
    pass(1s);
    answer(open_sockets()[static_cast<std::size_t>(answers) % 2]);
    ++answers;
  }
  EXPECT_EQ(answers, 5);
  EXPECT_EQ(result.requests, 5u);
  EXPECT_EQ(result.measured, 5s);
}

TEST_F(LoadClientTest, AnOpenLoopMeasuresFromTheTimeOfTheSchedule) {
  plan.rate = 10;
  start();
  connect_all();
  answer(only_socket());  // the request of time 0
  EXPECT_EQ(result.latency.max(), 0ms);
  pass(100ms);
  pass(450ms);  // the server is busy: the requests of 200, 300, 400 and 500 ms wait
  answer(only_socket());
  EXPECT_EQ(result.latency.max(), 450ms);
  for (int i = 0; i < 4; ++i) answer(only_socket());
  EXPECT_EQ(result.requests, 6u);
  EXPECT_EQ(result.latency.mean(), Duration{0ms + 450ms + 350ms + 250ms + 150ms + 50ms} / 6);
  EXPECT_EQ(result.late, 4u);
  EXPECT_EQ(result.unsent, 0u);
}

TEST_F(LoadClientTest, AnOpenLoopKeepsItsRateAndSpreadsItOverTheConnections) {
  plan.rate = 100;
  plan.connections = 4;
  start();
  connect_all();
  std::map<int, int> by_socket;
  while (now < kStart + 10s) {
    for (const int fd : open_sockets()) {
      while (transport.sockets.at(fd).sent > 0) {
        transport.sockets.at(fd).sent = 0;
        ++by_socket[fd];
        answer(fd);
      }
    }
    pass(10ms);
  }
  EXPECT_TRUE(client->is_finished());
  EXPECT_EQ(result.requests, 1000u);
  EXPECT_EQ(result.late, 0u);
  for (const auto& [fd, n] : by_socket) EXPECT_EQ(n, 250);
}

TEST_F(LoadClientTest, WhatCouldNotBeSentIsCounted) {
  plan.timeout = 60s;
  plan.rate = 10;
  start();
  connect_all();
  pass(10s);
  answer(only_socket());
  EXPECT_TRUE(client->is_finished());
  EXPECT_EQ(result.requests, 1u);
  EXPECT_EQ(result.unsent, 99u);
}

TEST_F(LoadClientTest, TheMeasuredTimeDoesNotInheritWhatTheWarmUpOwes) {
  plan.rate = 1'000;
  plan.warmup = 1s;
  plan.duration = 1s;
  start();
  connect_all();
  for (int i = 0; i < 10; ++i) {
    pass(200ms);
    answer_all();
  }
  answer_all();
  EXPECT_TRUE(client->is_finished());
  EXPECT_EQ(result.requests, 5u);
  EXPECT_EQ(result.unsent, 995u);
}

TEST_F(LoadClientTest, APauseAcrossTheEndLosesNoRequest) {
  plan.rate = 1;
  plan.connections = 3;
  start();
  connect_all();
  answer_all();
  for (int i = 1; i < 8; ++i) {
    pass(1s);
    answer_all();
  }
  now = kStart + 12s;  // the machine stood still when requests 8 and 9 were due
  client->advance(now);
  answer_all();
  EXPECT_TRUE(client->is_finished());
  EXPECT_EQ(result.requests, 10u);
  EXPECT_EQ(result.unsent, 0u);
  EXPECT_EQ(result.late, 2u);
}

TEST_F(LoadClientTest, ANewConnectionForEachRequest) {
  plan.close = true;
  start();
  for (int i = 0; i < 5; ++i) {
    const int fd = only_socket();
    pass(1ms);
    event(fd, false, true);
    answer(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(only_socket(), fd) << "the server's FIN comes first";
    end(fd);
  }
  EXPECT_EQ(result.requests, 5u);
  EXPECT_EQ(result.connections, 5u);
  EXPECT_EQ(result.latency.max(), 1ms) << "the handshake is part of it";
  EXPECT_EQ(transport.resets, 0);
}

TEST_F(LoadClientTest, AServerThatWouldNotCloseIsNotWaitedFor) {
  plan.close = true;
  start();
  for (int i = 0; i < 5; ++i) {
    event(only_socket(), false, true);
    answer(only_socket());
  }
  EXPECT_EQ(result.requests, 5u);
  EXPECT_EQ(result.connections, 5u);
  EXPECT_EQ(transport.resets, 5);
}

TEST_F(LoadClientTest, AnEchoIsCompleteWhenAsMuchCameBack) {
  plan.kind = LoadKind::kEcho;
  plan.echo_bytes = 100;
  plan.requests = 2;
  start();
  connect_all();
  const int fd = only_socket();
  answer(fd, std::string(60, 'x'));
  EXPECT_EQ(result.requests, 0u);
  answer(fd, std::string(40, 'x'));
  EXPECT_EQ(result.requests, 1u);
  answer(fd, std::string(101, 'x'));
  EXPECT_EQ(result[LoadError::kBadAnswer], 1u) << "more than was sent";
}

TEST_F(LoadClientTest, VerifyComparesWhatCameBack) {
  plan.kind = LoadKind::kEcho;
  plan.verify = true;
  plan.echo_bytes = 100'000;
  start();
  connect_all();
  const auto pattern = message_of(plan).pattern;
  std::string echo(reinterpret_cast<const char*>(pattern.data()), pattern.size());
  echo += echo.substr(0, plan.echo_bytes - echo.size());
  answer(only_socket(), std::string_view(echo).substr(0, 70'000));
  answer(only_socket(), std::string_view(echo).substr(70'000));
  EXPECT_EQ(result.requests, 1u);
  ++echo[99'999];
  answer(only_socket(), echo);
  EXPECT_EQ(result.requests, 1u);
  EXPECT_EQ(result[LoadError::kBadAnswer], 1u);
}

TEST_F(LoadClientTest, LongRequestsWaitForRoom) {
  plan.kind = LoadKind::kEcho;
  plan.echo_bytes = 100;
  transport.room = 30;
  start();
  connect_all();
  const int fd = only_socket();
  EXPECT_EQ(transport.sockets.at(fd).sent, 30u);
  EXPECT_EQ(transport.sockets.at(fd).interest, LoadInterest::kBoth);
  transport.room = 1'000;
  event(fd, false, true);
  EXPECT_EQ(transport.sockets.at(fd).sent, 100u);
  EXPECT_EQ(transport.sockets.at(fd).interest, LoadInterest::kReadable);
}

TEST_F(LoadClientTest, ErrorsAreCountedByKindAndTheLoadGoesOn) {
  start();
  connect_all();
  answer(only_socket(), "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(result[LoadError::kBadStatus], 1u);
  answer(only_socket(), kAnswer.substr(0, 10));
  end(only_socket());
  EXPECT_EQ(result[LoadError::kShort], 1u);
  pass(1s);
  connect_all();
  answer(only_socket(), "gibberish\r\n\r\n");
  EXPECT_EQ(result[LoadError::kBadAnswer], 1u);
  pass(1s);
  connect_all();
  transport.sockets.at(only_socket()).error = Errc::kConnReset;
  event(only_socket(), false, false, true);
  EXPECT_EQ(result[LoadError::kReset], 1u);
  pass(1s);
  connect_all();
  answer(only_socket());
  EXPECT_EQ(result.requests, 1u);
  EXPECT_EQ(result.error_count(), 4u);
}

TEST_F(LoadClientTest, SilenceIsATimeoutButSlownessIsNot) {
  start();
  connect_all();
  for (const char c : kAnswer) {
    pass(200ms);
    answer(only_socket(), {&c, 1});
  }
  EXPECT_EQ(result.requests, 1u);
  EXPECT_EQ(result.error_count(), 0u);
  pass(5s);
  EXPECT_EQ(result[LoadError::kTimeout], 1u);
}

TEST_F(LoadClientTest, AnIdleConnectionThatTheServerClosesIsNoError) {
  plan.rate = 1;
  start();
  connect_all();
  answer(only_socket());
  const int first = only_socket();
  end(first);
  EXPECT_NE(only_socket(), first);
  connect_all();
  pass(1s);
  answer(only_socket());
  EXPECT_EQ(result.requests, 2u);
  EXPECT_EQ(result.error_count(), 0u);
}

TEST_F(LoadClientTest, ARefusedConnectionIsTriedAgainAfterAPause) {
  plan.connections = 2;
  start();
  event(only_socket(), false, true);
  const int second = open_sockets()[1];
  transport.sockets.at(second).error = Errc::kConnRefused;
  event(second, true, true, true);
  EXPECT_EQ(result[LoadError::kRefused], 1u);
  EXPECT_EQ(transport.sockets.size(), 1u);
  pass(100ms);
  EXPECT_EQ(transport.sockets.size(), 2u);
}

TEST_F(LoadClientTest, BulkIsCountedInTheMeasuredTimeOnly) {
  plan.kind = LoadKind::kBulkReceive;
  plan.warmup = 1s;
  start();
  connect_all();
  EXPECT_EQ(transport.sockets.at(only_socket()).sent, 0u);
  answer(only_socket(), std::string(1'000, 'x'));
  pass(2s);
  answer(only_socket(), std::string(500, 'x'));
  end(only_socket());  // no error: it had no more for us
  connect_all();
  answer(only_socket(), std::string(500, 'x'));
  for (int i = 0; i < 10; ++i) {
    pass(1s);
    if (!client->is_finished()) answer(only_socket(), "x");
  }
  EXPECT_TRUE(client->is_finished());
  EXPECT_EQ(result.bytes_received, 1'008u);
  EXPECT_EQ(result.error_count(), 0u);
}

TEST_F(LoadClientTest, BulkSendsAsLongAsThereIsRoom) {
  plan.kind = LoadKind::kBulkSend;
  transport.room = 100'000;
  start();
  connect_all();
  EXPECT_EQ(result.bytes_sent, 100'000u);
  transport.room = 1u << 30;
  event(only_socket(), false, true);
  EXPECT_LT(result.bytes_sent, 1'000'000u) << "others get their turn";
  EXPECT_GT(result.bytes_sent, 200'000u);
  client->stop(now);
  EXPECT_TRUE(client->is_finished());
}

}  // namespace
}  // namespace zs::apps
