#include <gtest/gtest.h>

#include <climits>

#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;

struct Case {
  Option option;
  int given;
  int expected;
};
constexpr Case kRoundTrips[] = {
    {Option::kReuseAddress, 1, 1},
    {Option::kReuseAddress, 0, 0},
    {Option::kSendBuffer, 100'000, 100'000},
    {Option::kSendBuffer, 0, 4'096},
    {Option::kSendBuffer, -1, 4'096},
    {Option::kSendBuffer, INT_MAX, 1 << 30},
    {Option::kReceiveBuffer, 100'000, 100'000},
    {Option::kReceiveBuffer, 1, 4'096},
    {Option::kNoDelay, 7, 1},
    {Option::kNoDelay, 0, 0},
    {Option::kKeepAlive, 1, 1},
    {Option::kKeepAliveIdle, 32'767, 32'767},
    {Option::kKeepAliveInterval, 1, 1},
    {Option::kKeepAliveProbes, 127, 127},
    {Option::kUserTimeout, 12'345, 12'345},
    {Option::kUserTimeout, 0, 0},
    {Option::kCongestion, 1, 1},
    {Option::kCongestion, 0, 0},
    {Option::kMaxPacingRate, 125'000, 125'000},
    {Option::kMaxPacingRate, 0, -1},
    {Option::kMaxPacingRate, INT_MIN, INT_MIN},  // 2^31 bytes a second
    {Option::kMaxPacingRate, -1, -1},
    {Option::kLinger, 5, 5},
    {Option::kLinger, 0, 0},
    {Option::kLinger, -1, -1},
};

TEST(Options, RoundTripBeforeAndAfterTheConnection) {
  Sockets w;
  const int fresh = w.stream();
  const auto p = w.connected();
  for (const int fd : {fresh, p.client, p.server}) {
    for (const Case& c : kRoundTrips) {
      ASSERT_TRUE(w.table->set_option(fd, c.option, c.given)) << static_cast<int>(c.option);
      EXPECT_EQ(*w.table->option(fd, c.option), c.expected) << static_cast<int>(c.option);
    }
  }
  ASSERT_EQ(w.write(p.client, "still works"), Errc{});
  w.settle();
  EXPECT_EQ(w.read(p.server), "still works");
}

TEST(Options, RefusesValuesOutsideTheRange) {
  Sockets w;
  const int fd = w.stream();
  for (const auto& [option, value] :
       {std::pair{Option::kKeepAliveIdle, 0}, std::pair{Option::kKeepAliveIdle, 32'768},
        std::pair{Option::kKeepAliveInterval, -1}, std::pair{Option::kKeepAliveInterval, INT_MAX},
        std::pair{Option::kKeepAliveProbes, 0}, std::pair{Option::kKeepAliveProbes, 128},
        std::pair{Option::kUserTimeout, -1}, std::pair{Option::kCongestion, 250},
        std::pair{Option::kCongestion, -1}, std::pair{Option::kCongestion, 256}}) {
    const int before = *w.table->option(fd, option);
    EXPECT_EQ(w.table->set_option(fd, option, value).error(), Errc::kInvalid) << value;
    EXPECT_EQ(*w.table->option(fd, option), before);
  }
}

TEST(Options, AreInheritedByConnectionsAndAcceptedOnes) {
  Sockets w;
  const int listener = w.stream();
  const int client = w.stream();
  for (const int fd : {listener, client}) {
    ASSERT_TRUE(w.table->set_option(fd, Option::kNoDelay, 1));
    ASSERT_TRUE(w.table->set_option(fd, Option::kReceiveBuffer, 50'000));
  }
  ASSERT_TRUE(w.table->bind(listener, {kOurs, 80}));
  ASSERT_TRUE(w.table->listen(listener, 4));
  (void)w.table->connect(client, {kOurs, 80});
  w.settle();
  const auto server = w.table->accept(listener);
  ASSERT_TRUE(server);
  for (const int fd : {client, *server}) {
    EXPECT_EQ(*w.table->option(fd, Option::kNoDelay), 1);
    EXPECT_EQ(*w.table->option(fd, Option::kReceiveBuffer), 50'000);
  }
}

TEST(Options, OfAListenerAreThoseOfConnectionsToCome) {
  Sockets w;
  const int listener = w.listener({kOurs, 80});
  ASSERT_TRUE(w.table->set_option(listener, Option::kCongestion, 1));
  ASSERT_TRUE(w.table->set_option(listener, Option::kReceiveBuffer, 5'000));
  const int client = w.stream();
  (void)w.table->connect(client, {kOurs, 80});
  w.settle();
  const auto server = w.table->accept(listener);
  ASSERT_TRUE(server);
  EXPECT_EQ(*w.table->option(*server, Option::kCongestion), 1);
  EXPECT_EQ(*w.table->option(client, Option::kCongestion), 0);
  // The window scale stays the one that handshakes under way have told.
  EXPECT_EQ(*w.table->option(*server, Option::kReceiveBuffer), 5'000);
}

TEST(Options, UserTimeoutEndsAConnectionToASilentPeer) {
  Sockets w;
  w.introduce();
  const int fd = w.stream();
  ASSERT_TRUE(w.table->set_option(fd, Option::kUserTimeout, 5'000));
  (void)w.table->connect(fd, {kPeer, 80});
  w.settle(4s);
  EXPECT_EQ(w.table->take_error(fd), Errc{});
  w.settle(10s);
  EXPECT_NE(w.table->take_error(fd), Errc{});
}

TEST(Options, DatagramSocketsHaveTheOnesThatMeanSomething) {
  Sockets w;
  const int fd = w.datagram();
  EXPECT_TRUE(w.table->set_option(fd, Option::kReceiveBuffer, 100'000));
  EXPECT_EQ(w.table->set_option(fd, Option::kNoDelay, 1).error(), Errc::kNotSupported);
  EXPECT_EQ(w.table->option(fd, Option::kNoDelay).error(), Errc::kNotSupported);
}

}  // namespace
}  // namespace zs::sock
