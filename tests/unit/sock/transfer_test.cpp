#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tcp/engine.hpp"
#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;

const std::string kAgain = Sockets::name(Errc::kAgain);

std::span<const std::byte> bytes(std::string_view s) { return std::as_bytes(std::span{s}); }

TEST(Transfer, EchoesBothWaysInBothFamilies) {
  for (const IpAddress& at : {kOurs, kOurs6}) {
    Sockets w;
    const auto p = w.connected({at, 7});
    EXPECT_EQ(w.read(p.server), kAgain);
    ASSERT_EQ(w.write(p.client, "hello"), Errc{});
    w.settle();
    auto got = w.table->read(p.server, 3);
    ASSERT_TRUE(got);
    EXPECT_EQ(Sockets::to_string(*got), "hel");
    ASSERT_TRUE(w.table->write(p.server, *got));  // the very buffers go back
    EXPECT_TRUE(got->empty());
    ASSERT_EQ(w.write(p.server, w.read(p.server)), Errc{});
    w.settle();
    EXPECT_EQ(w.read(p.client), "hello");
    EXPECT_EQ(w.read(p.client), kAgain);
  }
}

TEST(Transfer, CopyingTwinsMayBeShort) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_TRUE(w.table->set_option(p.client, Option::kSendBuffer, 4'096));
  const std::string much(100'000, 'm');
  const auto written = w.table->write_copy(p.client, bytes(much));
  ASSERT_TRUE(written);
  EXPECT_GT(*written, 0u);
  EXPECT_LT(*written, much.size());
  EXPECT_EQ(w.table->write_copy(p.client, bytes(much)).error(), Errc::kAgain);
  w.settle();
  std::string got(1'000, ' ');
  std::size_t total = 0;
  while (const auto n = w.table->read_copy(p.server, std::as_writable_bytes(std::span{got}))) {
    total += *n;
  }
  EXPECT_EQ(total, *written);
}

TEST(Transfer, PeekingLeavesEverythingAsItIs) {
  Sockets w;
  const auto p = w.connected();
  EXPECT_EQ(w.table->peek(p.server, 10).error(), Errc::kAgain);
  ASSERT_EQ(w.write(p.client, "hello"), Errc{});
  w.settle();
  EXPECT_EQ(Sockets::to_string(*w.table->peek(p.server, 4)), "hell");
  EXPECT_EQ(Sockets::to_string(*w.table->peek(p.server, 10)), "hello");
  EXPECT_EQ(w.read(p.server), "hello");
  EXPECT_EQ(w.table->copied_bytes(), 0u);
  ASSERT_TRUE(w.table->set_option(p.client, Option::kLinger, 0));
  ASSERT_TRUE(w.table->close(p.client));
  w.settle();
  EXPECT_EQ(w.table->peek(p.server, 10).error(), Errc::kConnReset);
  EXPECT_EQ(w.table->peek(p.server, 10).error(), Errc::kConnReset);
  EXPECT_EQ(w.read(p.server), Sockets::name(Errc::kConnReset));
  EXPECT_TRUE(w.table->peek(p.server, 10)->empty());
  EXPECT_EQ(w.table->peek(w.datagram(), 10).error(), Errc::kNotSupported);
  EXPECT_EQ(w.table->peek(w.stream(), 10).error(), Errc::kNotConnected);
  EXPECT_EQ(w.table->peek(99, 10).error(), Errc::kBadFd);
}

TEST(Transfer, CopiedBytesAreCounted) {
  Sockets w;
  const auto p = w.connected();
  std::string place(10, ' ');
  ASSERT_TRUE(w.table->write_copy(p.client, bytes("hello")));
  w.settle();
  EXPECT_EQ(*w.table->read_copy(p.server, std::as_writable_bytes(std::span{place})), 5u);
  EXPECT_EQ(w.table->copied_bytes(), 10u);
  const int fd = w.datagram();
  ASSERT_TRUE(w.table->bind(fd, {kOurs, 53}));
  ASSERT_TRUE(w.table->connect(fd, {kOurs, 53}));
  ASSERT_TRUE(w.table->write_copy(fd, bytes("abc")));
  w.settle();
  EXPECT_EQ(*w.table->read_copy(fd, std::as_writable_bytes(std::span{place})), 3u);
  EXPECT_EQ(w.table->copied_bytes(), 16u);
}

TEST(Transfer, WriteTakesTheWholeChainOrNothing) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_TRUE(w.table->set_option(p.client, Option::kSendBuffer, 8'192));
  auto never = w.chain(std::string(8'193, 'n'));
  EXPECT_EQ(w.table->write(p.client, never).error(), Errc::kMessageSize);
  EXPECT_EQ(never.size(), 8'193u);
  ASSERT_EQ(w.write(p.client, std::string(6'000, 'a')), Errc{});
  auto later = w.chain(std::string(3'000, 'b'));
  EXPECT_EQ(w.table->write(p.client, later).error(), Errc::kAgain);
  EXPECT_EQ(later.size(), 3'000u);
  ASSERT_TRUE(w.table->watch(p.client, ready::kWritable, 0));
  EXPECT_EQ(w.ready(p.client), 0u);
  w.settle(100ms);
  EXPECT_EQ(w.ready(p.client), ready::kWritable);
  EXPECT_TRUE(w.table->write(p.client, later));
  w.settle(100ms);
  EXPECT_EQ(w.read(p.server), std::string(6'000, 'a') + std::string(3'000, 'b'));
}

TEST(Transfer, AReaderThatSleepsStopsTheWriterAndLosesNothing) {
  Sockets w;
  auto p = w.connected();
  ASSERT_TRUE(w.table->set_option(p.client, Option::kSendBuffer, 64 * 1'024));
  std::size_t sent = 0;
  while (w.write(p.client, std::string(4'000, static_cast<char>('a' + sent % 26))) == Errc{}) {
    ++sent;
    w.settle();
    ASSERT_LT(sent, 4'000u);
  }
  std::string all;
  for (int i = 0; i < 200 && all.size() < sent * 4'000; ++i) {
    if (const auto got = w.table->read(p.server, 50'000)) all += Sockets::to_string(*got);
    w.settle(1s);
  }
  ASSERT_EQ(all.size(), sent * 4'000);
  for (std::size_t i = 0; i < sent; ++i) {
    ASSERT_EQ(all[i * 4'000 + 3'999], static_cast<char>('a' + i % 26)) << i;
  }
}

TEST(Transfer, HalfCloseEndsOneDirection) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_EQ(w.write(p.client, "last"), Errc{});
  ASSERT_TRUE(w.table->shutdown(p.client, ShutdownHow::kWrite));
  EXPECT_EQ(w.write(p.client, "x"), Errc::kPipe);
  w.settle();
  EXPECT_EQ(w.read(p.server), "last");
  EXPECT_EQ(w.read(p.server), "");
  EXPECT_EQ(w.read(p.server), "");  // the end stays the end
  ASSERT_EQ(w.write(p.server, "answer"), Errc{});
  w.settle();
  EXPECT_EQ(w.read(p.client), "answer");
  ASSERT_TRUE(w.table->close(p.server));
  w.settle();
  EXPECT_EQ(w.read(p.client), "");
  ASSERT_TRUE(w.table->watch(p.client, ready::kReadable, 0));
  EXPECT_NE(w.ready(p.client) & ready::kHangup, 0u);
}

TEST(Transfer, ShutdownOfReadingIsTheEndOfTheStream) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_EQ(w.write(p.client, "unwanted"), Errc{});
  w.settle();
  ASSERT_TRUE(w.table->shutdown(p.server, ShutdownHow::kRead));
  EXPECT_EQ(w.read(p.server), "");
  ASSERT_EQ(w.write(p.server, "still talks"), Errc{});
  w.settle();
  EXPECT_EQ(w.read(p.client), "still talks");
}

TEST(Transfer, CloseAfterReadingEverythingEndsInPeace) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_EQ(w.write(p.client, "bye"), Errc{});
  ASSERT_TRUE(w.table->close(p.client));
  w.settle();
  EXPECT_EQ(w.read(p.server), "bye");
  EXPECT_EQ(w.read(p.server), "");
  ASSERT_TRUE(w.table->close(p.server));
  w.pass(300s);
  EXPECT_EQ(w.shard->tcp().connection_count(), 0u);
  EXPECT_EQ(w.shard->tcp().time_wait_count(), 0u);
  EXPECT_EQ(w.data->in_use(), 0u);
}

TEST(Transfer, CloseWithUnreadDataResets) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_EQ(w.write(p.client, "never read"), Errc{});
  w.settle();
  ASSERT_TRUE(w.table->close(p.server));
  w.settle();
  ASSERT_TRUE(w.table->watch(p.client, ready::kReadable, 0));
  EXPECT_NE(w.ready(p.client) & ready::kError, 0u);
  EXPECT_EQ(w.read(p.client), Sockets::name(Errc::kConnReset));
  EXPECT_EQ(w.write(p.client, "x"), Errc::kPipe);
}

TEST(Transfer, LingerOfZeroResets) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_TRUE(w.table->set_option(p.client, Option::kLinger, 0));
  ASSERT_TRUE(w.table->close(p.client));
  w.settle();
  EXPECT_EQ(w.write(p.server, "x"), Errc::kConnReset);
  EXPECT_EQ(w.shard->tcp().time_wait_count(), 0u);
}

TEST(Transfer, BeforeTheConnectionThereIsNothingToMove) {
  Sockets w;
  const int fresh = w.stream();
  EXPECT_EQ(w.read(fresh), Sockets::name(Errc::kNotConnected));
  EXPECT_EQ(w.write(fresh, "x"), Errc::kNotConnected);
  (void)w.table->connect(fresh, {kPeer, 80});
  EXPECT_EQ(w.read(fresh), kAgain);
  EXPECT_EQ(w.write(fresh, "x"), Errc::kAgain);
  auto chain = w.chain("x");
  EXPECT_EQ(w.table->send_to(fresh, chain, {kPeer, 1}).error(), Errc::kNotSupported);
  EXPECT_EQ(w.table->receive_from(fresh, nullptr).error(), Errc::kNotSupported);
}

TEST(Transfer, DatagramsKeepTheirBoundsAndSenders) {
  for (const IpAddress& at : {kOurs, kOurs6}) {
    Sockets w;
    const int server = w.datagram(at.family());
    const int client = w.datagram(at.family());
    ASSERT_TRUE(w.table->bind(server, {at, 53}));
    ASSERT_TRUE(w.table->watch(server, ready::kReadable, 0));
    EXPECT_EQ(w.table->receive_from(server, nullptr).error(), Errc::kAgain);
    for (const char* s : {"one", "", "three"}) {
      auto c = w.chain(s);
      ASSERT_TRUE(w.table->send_to(client, c, {at, 53}));
    }
    w.settle();
    EXPECT_EQ(w.ready(server), ready::kReadable);
    Endpoint from;
    for (const char* s : {"one", "", "three"}) {
      auto got = w.table->receive_from(server, &from);
      ASSERT_TRUE(got);
      EXPECT_EQ(Sockets::to_string(*got), s);
      EXPECT_EQ(from.port, w.table->local_endpoint(client)->port);
    }
    EXPECT_EQ(w.ready(server), 0u);
    EXPECT_EQ(from.address, at);
    auto back = w.chain("back");
    ASSERT_TRUE(w.table->send_to(server, back, from));
    w.settle();
    EXPECT_EQ(w.read(client), "back");
  }
}

TEST(Transfer, ConnectedDatagramsUseReadAndWrite) {
  Sockets w;
  const int server = w.datagram();
  const int client = w.datagram();
  ASSERT_TRUE(w.table->bind(server, {kOurs, 53}));
  EXPECT_EQ(w.write(client, "x"), Errc::kDestinationRequired);
  ASSERT_TRUE(w.table->connect(client, {kOurs, 53}));
  EXPECT_EQ(*w.table->remote_endpoint(client), (Endpoint{kOurs, 53}));
  ASSERT_TRUE(w.table->write_copy(client, bytes("copied")));
  ASSERT_EQ(w.write(client, "moved"), Errc{});
  w.settle();
  std::array<std::byte, 4> few;
  EXPECT_EQ(*w.table->read_copy(server, few), 4u);  // the rest of a datagram is discarded
  auto got = w.table->read(server, 3);
  ASSERT_TRUE(got);
  EXPECT_EQ(Sockets::to_string(*got), "mov");
  EXPECT_EQ(w.read(server), kAgain);
}

TEST(Transfer, DatagramRefusalsLeaveTheChain) {
  Sockets w;
  const int fd = w.datagram();
  auto large = w.chain(std::string(65'508, 'x'));
  EXPECT_EQ(w.table->send_to(fd, large, {kPeer, 9}).error(), Errc::kMessageSize);
  EXPECT_EQ(large.size(), 65'508u);
  auto chain = w.chain("x");
  EXPECT_EQ(w.table->send_to(fd, chain, {IpAddress::v4(8, 8, 8, 8), 9}).error(), Errc::kNoRoute);
  EXPECT_EQ(w.table->send_to(fd, chain, {kPeer6, 9}).error(), Errc::kAfNotSupported);
  EXPECT_FALSE(w.table->send_to(fd, chain, {kPeer, 0}));
  EXPECT_EQ(chain.size(), 1u);
  const int six = w.datagram(IpFamily::kV6);
  ASSERT_TRUE(w.table->bind(six, {kOurs, 0}));
  EXPECT_EQ(w.table->send_to(six, chain, {kPeer6, 9}).error(), Errc::kAfNotSupported);
  EXPECT_EQ(chain.size(), 1u);
}

TEST(Transfer, PortUnreachableReachesTheConnectedDatagramSocket) {
  Sockets w;
  const int client = w.datagram();
  ASSERT_TRUE(w.table->connect(client, {kOurs, 53}));
  ASSERT_EQ(w.write(client, "anybody?"), Errc{});
  w.settle();
  EXPECT_EQ(w.read(client), Sockets::name(Errc::kConnRefused));
  EXPECT_EQ(w.read(client), kAgain);
}

}  // namespace
}  // namespace zs::sock
