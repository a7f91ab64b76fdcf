#include <gtest/gtest.h>

#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;

TEST(StreamOptions, AreRefusedForDatagramsAndForNoSocket) {
  Sockets w;
  EXPECT_EQ(w.table->set_option(w.datagram(), StreamOption::kCork, 1).error(), Errc::kNotSupported);
  EXPECT_EQ(w.table->option(w.datagram(), StreamOption::kCork).error(), Errc::kNotSupported);
  EXPECT_EQ(w.table->set_option(60, StreamOption::kCork, 1).error(), Errc::kBadFd);
  EXPECT_EQ(w.table->option(60, StreamOption::kCork).error(), Errc::kBadFd);
  EXPECT_EQ(w.table->stream_info(60).error(), Errc::kBadFd);
  EXPECT_EQ(w.table->stream_info(w.datagram()).error(), Errc::kNotSupported);
}

TEST(StreamOptions, ACorkHoldsWhatNoDelayPushes) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_TRUE(w.table->set_option(p.client, StreamOption::kCork, 1));
  ASSERT_EQ(w.write(p.client, "head"), Errc{});
  w.settle();
  EXPECT_EQ(w.read(p.server), w.name(Errc::kAgain));
  ASSERT_TRUE(w.table->set_option(p.client, Option::kNoDelay, 1));
  w.settle();
  EXPECT_EQ(w.read(p.server), "head");
  ASSERT_EQ(w.write(p.client, "held"), Errc{});
  w.settle();
  EXPECT_EQ(w.read(p.server), w.name(Errc::kAgain));
  ASSERT_TRUE(w.table->set_option(p.client, StreamOption::kCork, 0));
  w.settle();
  EXPECT_EQ(w.read(p.server), "held");
}

TEST(StreamOptions, MoreHoldsWhatTheNextWriteSends) {
  Sockets w;
  const auto p = w.connected();
  auto head = w.chain("head ");
  ASSERT_TRUE(w.table->write(p.client, head, {.more = true}));
  ASSERT_TRUE(w.table->write_copy(p.client, text("and "), {.more = true}));
  w.settle();
  EXPECT_EQ(w.read(p.server), w.name(Errc::kAgain));
  ASSERT_EQ(w.write(p.client, "tail"), Errc{});
  w.settle();
  EXPECT_EQ(w.read(p.server), "head and tail");
  auto datagram = w.chain("x");
  EXPECT_EQ(w.table->write(w.datagram(), datagram, {.more = true}).error(), Errc::kNotSupported);
}

TEST(StreamOptions, TheLowWaterOfReadsDecidesWhatIsReadable) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_TRUE(w.table->watch(p.server, ready::kReadable | ready::kHangup | ready::kError, 0));
  ASSERT_TRUE(w.table->set_option(p.server, StreamOption::kReadLowWater, 6));
  ASSERT_EQ(w.write(p.client, "five!"), Errc{});
  w.settle();
  EXPECT_EQ(w.ready(p.server), 0u);
  ASSERT_EQ(w.write(p.client, "6"), Errc{});
  w.settle();
  EXPECT_EQ(w.ready(p.server), ready::kReadable);
  EXPECT_EQ(w.read(p.server), "five!6");
  EXPECT_EQ(w.ready(p.server), 0u);
}

TEST(StreamOptions, ListenersPassThemOn) {
  Sockets w;
  const int listener = w.listener({kOurs, 80});
  ASSERT_TRUE(w.table->set_option(listener, StreamOption::kMaxSegment, 700));
  ASSERT_TRUE(w.table->set_option(listener, StreamOption::kCork, 1));
  ASSERT_TRUE(w.table->set_option(listener, Option::kKeepAlive, 1));
  EXPECT_EQ(*w.table->option(listener, StreamOption::kMaxSegment), 700);
  const int client = w.stream();
  (void)w.table->connect(client, {kOurs, 80});
  w.settle();
  const int server = *w.table->accept(listener);
  EXPECT_EQ(*w.table->option(server, StreamOption::kMaxSegment), 700 - 12);  // timestamps
  EXPECT_EQ(*w.table->option(client, StreamOption::kMaxSegment), 700 - 12);
  EXPECT_EQ(*w.table->option(server, StreamOption::kCork), 1);
  EXPECT_EQ(*w.table->option(server, Option::kKeepAlive), 1);
  // Whoever listens is no longer fresh.
  EXPECT_EQ(w.table->set_option(listener, StreamOption::kWindowClamp, 0).error(), Errc::kInvalid);
}

TEST(FastOpen, TheSynTakesTheDataAlong) {
  Sockets w;
  const int listener = w.listener({kOurs, 80});
  ASSERT_TRUE(w.table->set_option(listener, StreamOption::kFastOpenQueue, 5));
  const int first = w.stream();
  auto data = w.chain("hello");
  // Nothing is known of the server yet.
  EXPECT_EQ(w.table->connect_with(first, {kOurs, 80}, data, {}).error(), Errc::kInProgress);
  EXPECT_EQ(data.size(), 5u);
  w.settle();
  ASSERT_TRUE(w.table->accept(listener));
  const int second = w.stream();
  ASSERT_TRUE(w.table->connect_with(second, {kOurs, 80}, data, {}));
  w.settle();
  EXPECT_TRUE(w.table->stream_info(second)->connection.syn_data);
  const auto server = w.table->accept(listener);
  ASSERT_TRUE(server);
  EXPECT_EQ(w.read(*server), "hello");
  EXPECT_EQ(w.shard->tcp().counters().fast_opens_passive, 1u);
}

TEST(FastOpen, ConnectWaitsForTheFirstWrite) {
  Sockets w;
  const int listener = w.listener({kOurs, 80});
  ASSERT_TRUE(w.table->set_option(listener, StreamOption::kFastOpenQueue, 5));
  const auto client = [&] {
    const int fd = w.stream();
    EXPECT_TRUE(w.table->set_option(fd, StreamOption::kFastOpenConnect, 1));
    return fd;
  };
  EXPECT_EQ(w.table->connect(client(), {kOurs, 80}).error(), Errc::kInProgress);
  w.settle();
  ASSERT_TRUE(w.table->accept(listener));
  const int fd = client();
  ASSERT_TRUE(w.table->connect(fd, {kOurs, 80}));
  EXPECT_EQ(w.table->connect(fd, {kOurs, 80}).error(), Errc::kInProgress);
  EXPECT_EQ(w.table->set_option(fd, StreamOption::kFastOpenConnect, 0).error(), Errc::kInvalid);
  EXPECT_EQ(w.read(fd), w.name(Errc::kAgain));
  ASSERT_TRUE(w.table->watch(fd, ready::kWritable, 0));
  EXPECT_EQ(w.ready(fd), ready::kWritable);
  w.settle();
  EXPECT_EQ(w.table->accept(listener).error(), Errc::kAgain);
  ASSERT_EQ(w.write(fd, "now"), Errc{});
  w.settle();
  const auto server = w.table->accept(listener);
  ASSERT_TRUE(server);
  EXPECT_EQ(w.read(*server), "now");
  // One that never writes goes as it came.
  const int idle = client();
  ASSERT_TRUE(w.table->connect(idle, {kOurs, 80}));
  ASSERT_TRUE(w.table->close(idle));
  w.settle();
}

TEST(StreamInfo, TellsOfEveryKindOfStream) {
  Sockets w;
  const int fresh = w.stream();
  EXPECT_EQ(w.table->stream_info(fresh)->connection.state, tcp::State::kClosed);
  EXPECT_EQ(w.table->stream_info(fresh)->connection.send_mss, 536u);
  const int listener = w.listener({kOurs, 80}, 5);
  (void)w.table->connect(fresh, {kOurs, 80});
  w.settle();
  const auto of_listener = *w.table->stream_info(listener);
  EXPECT_TRUE(of_listener.is_listening);
  EXPECT_EQ(of_listener.waiting, 1u);
  EXPECT_EQ(of_listener.backlog, 5u);
  ASSERT_EQ(w.write(fresh, "hello"), Errc{});
  w.settle();
  const auto client = w.table->stream_info(fresh)->connection;
  EXPECT_EQ(client.state, tcp::State::kEstablished);
  EXPECT_EQ(client.bytes_acknowledged, 5u);
  EXPECT_TRUE(client.timestamps && client.sack && client.window_scaling);
  const auto server = w.table->stream_info(*w.table->accept(listener))->connection;
  EXPECT_EQ(server.bytes_received, 5u);
}

}  // namespace
}  // namespace zs::sock
