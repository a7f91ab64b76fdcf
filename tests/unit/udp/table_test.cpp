#include "udp/table.hpp"

#include <gtest/gtest.h>

namespace zs::udp {
namespace {

const IpAddress kOurs = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);
const IpAddress kAny4 = IpAddress::any(IpFamily::kV4);

class TableTest : public testing::Test {
 protected:
  TableTest()
      : data(*buf::Pool::create({.name = "d", .count = 64, .data_room = 2048})),
        indirect(*buf::Pool::create({.name = "i", .count = 64, .data_room = 0})),
        table(
            {.max_sockets = 8, .receive = {.bytes = 100, .datagrams = 3}, .transmit_datagrams = 2},
            {data.get(), indirect.get()}, drops) {}

  SocketId open(IpFamily f = IpFamily::kV4) { return *table.open(f, ++cookie); }
  buf::Chain chain(std::size_t n) { return *buf::Chain::copy_of(std::vector<std::byte>(n), *data); }
  void arrive(std::uint16_t port, std::size_t n, const Endpoint& from = {kPeer, 99}) {
    const Endpoint local{kOurs, port};
    const auto to = table.receiver(local, from);
    ASSERT_TRUE(to);
    table.deliver(*to, {local, from, chain(n)});
  }

  std::unique_ptr<buf::Pool> data;
  std::unique_ptr<buf::Pool> indirect;
  DropCounters drops;
  std::uint64_t cookie = 0;
  Table table;
};

TEST_F(TableTest, TheMostSpecificSocketWins) {
  const auto dual = open(IpFamily::kV6);
  ASSERT_TRUE(table.bind(dual, {IpAddress{}, 7}));
  EXPECT_EQ(table.receiver({kOurs, 7}, {kPeer, 1}), dual);
  const auto exact = open();
  ASSERT_TRUE(table.bind(exact, {kOurs, 7}));
  EXPECT_EQ(table.receiver({kOurs, 7}, {kPeer, 1}), exact);
  ASSERT_TRUE(table.connect(exact, {kPeer, 1}, kOurs));
  EXPECT_EQ(table.receiver({kOurs, 7}, {kPeer, 1}), exact);
  EXPECT_EQ(table.receiver({kOurs, 7}, {kPeer, 2}), dual);
  EXPECT_FALSE(table.receiver({kOurs, 8}, {kPeer, 2}));
}

TEST_F(TableTest, TakenAddressesAreRefused) {
  ASSERT_TRUE(table.bind(open(), {kAny4, 7}));
  EXPECT_EQ(table.bind(open(), {kAny4, 7}).error(), Errc::kAddrInUse);
  EXPECT_EQ(table.bind(open(IpFamily::kV6), {IpAddress{}, 7}).error(), Errc::kAddrInUse);
  const auto only6 = open(IpFamily::kV6);
  ASSERT_TRUE(table.set_dual_stack(only6, DualStack::kOff));
  EXPECT_TRUE(table.bind(only6, {IpAddress{}, 7}));
  EXPECT_EQ(table.bind(open(), {IpAddress{}, 8}).error(), Errc::kAfNotSupported);
}

TEST_F(TableTest, QueueIsBoundedInBytesAndDatagrams) {
  const auto id = open();
  ASSERT_TRUE(table.bind(id, {kAny4, 7}));
  arrive(7, 60);
  arrive(7, 60);
  EXPECT_EQ(drops[Drop::kUdpQueueFull], 1u);
  arrive(7, 0);
  arrive(7, 0);
  arrive(7, 0);
  EXPECT_EQ(drops[Drop::kUdpQueueFull], 2u);
  EXPECT_EQ(table.poll_event(), cookie);
  EXPECT_FALSE(table.poll_event());
  ASSERT_TRUE(table.close(id));
  EXPECT_EQ(data->in_use(), 0u);
}

TEST_F(TableTest, StaleIdsAreRefused) {
  const auto id = open();
  ASSERT_TRUE(table.close(id));
  EXPECT_EQ(table.close(id).error(), Errc::kBadFd);
  open();
  EXPECT_EQ(table.receive(id).error(), Errc::kBadFd);
  for (int i = 0; i < 7; ++i) open();
  EXPECT_EQ(table.open(IpFamily::kV4, 0).error(), Errc::kTooManyFiles);
}

TEST_F(TableTest, SendIsAllOrNothing) {
  const auto id = open();
  auto c = chain(1473);
  const Path path{kOurs, 1500};
  table.options(id)->dont_fragment = true;
  EXPECT_EQ(table.send(id, c, Endpoint{kPeer, 9}, path).error(), Errc::kMessageSize);
  EXPECT_EQ(c.size(), 1473u);
  table.options(id)->dont_fragment = false;
  auto most = chain(65'508);  // one more than UDP over IPv4 can say
  EXPECT_EQ(table.send(id, most, Endpoint{kPeer, 9}, path).error(), Errc::kMessageSize);
  EXPECT_EQ(table.send(id, c, std::nullopt, path).error(), Errc::kDestinationRequired);
  for (int i = 0; i < 2; ++i) {
    auto ok = chain(10);
    ASSERT_TRUE(table.send(id, ok, Endpoint{kPeer, 9}, path));
    EXPECT_TRUE(ok.empty());
  }
  auto late = chain(10);
  EXPECT_EQ(table.send(id, late, Endpoint{kPeer, 9}, path).error(), Errc::kAgain);
  EXPECT_EQ(late.size(), 10u);
  const auto out = table.poll_transmit();
  ASSERT_TRUE(out);
  EXPECT_EQ(out->packet.length(), 18u);
  EXPECT_EQ(out->local, kOurs);
}

TEST_F(TableTest, IcmpErrorsReachConnectedSocketsOnce) {
  const auto id = open();
  ASSERT_TRUE(table.connect(id, {kPeer, 9}, kOurs));
  const FlowKey flow{*table.local_endpoint(id), {kPeer, 9}};
  EXPECT_TRUE(table.on_icmp_error(flow, IcmpError::kPortUnreachable));
  EXPECT_EQ(table.poll_event(), cookie);
  EXPECT_EQ(table.receive(id).error(), Errc::kConnRefused);
  EXPECT_EQ(table.receive(id).error(), Errc::kAgain);
  EXPECT_FALSE(table.on_icmp_error({{kOurs, 1}, {kPeer, 9}}, IcmpError::kUnreachable));
}

TEST_F(TableTest, EachIcmpErrorHasItsErrno) {
  const auto id = open();
  ASSERT_TRUE(table.connect(id, {kPeer, 9}, kOurs));
  const FlowKey flow{*table.local_endpoint(id), {kPeer, 9}};
  EXPECT_TRUE(table.on_icmp_error(flow, IcmpError::kUnreachable));
  EXPECT_TRUE(table.has_error(id));
  EXPECT_EQ(table.take_error(id), Errc::kHostUnreachable);
  EXPECT_EQ(table.take_error(id), Errc{});
  // RFC 1191 §6.2: who lets its datagrams be cut need not know.
  EXPECT_TRUE(table.on_icmp_error(flow, IcmpError::kPacketTooBig));
  EXPECT_FALSE(table.has_error(id));
  table.options(id)->dont_fragment = true;
  EXPECT_TRUE(table.on_icmp_error(flow, IcmpError::kPacketTooBig));
  auto c = chain(10);
  EXPECT_EQ(table.send(id, c, std::nullopt, {kOurs, 1500}).error(), Errc::kMessageSize);
  EXPECT_EQ(c.size(), 10u);
  EXPECT_TRUE(table.send(id, c, std::nullopt, {kOurs, 1500}));
}

// RFC 1122 §4.1.3.3: the error is somebody's, but like Linux an unconnected socket is not told.
TEST_F(TableTest, IcmpErrorsOfUnconnectedSocketsAreKnownButNotTold) {
  const auto id = open();
  ASSERT_TRUE(table.bind(id, {kAny4, 7}));
  EXPECT_TRUE(table.on_icmp_error({{kOurs, 7}, {kPeer, 9}}, IcmpError::kPortUnreachable));
  EXPECT_FALSE(table.has_error(id));
  EXPECT_FALSE(table.poll_event());
}

TEST_F(TableTest, DisconnectTakesFromEverybodyAgain) {
  const auto id = open();
  ASSERT_TRUE(table.bind(id, {kOurs, 7}));
  EXPECT_EQ(table.disconnect(id).error(), Errc::kNotConnected);
  ASSERT_TRUE(table.connect(id, {kPeer, 1}, kOurs));
  EXPECT_FALSE(table.receiver({kOurs, 7}, {kPeer, 2}));
  ASSERT_TRUE(table.disconnect(id));
  EXPECT_EQ(table.receiver({kOurs, 7}, {kPeer, 2}), id);
  EXPECT_EQ(table.remote_endpoint(id).error(), Errc::kNotConnected);
  ASSERT_TRUE(table.close(id));
  EXPECT_EQ(table.disconnect(id).error(), Errc::kBadFd);
}

TEST_F(TableTest, DisconnectLosesAPortThatAnotherTookMeanwhile) {
  const auto first = open();
  ASSERT_TRUE(table.bind(first, {kOurs, 7}));
  ASSERT_TRUE(table.connect(first, {kPeer, 1}, kOurs));
  const auto second = open();
  ASSERT_TRUE(table.bind(second, {kOurs, 7}));  // the four numbers of the first differ
  ASSERT_TRUE(table.disconnect(first));
  EXPECT_EQ(table.receiver({kOurs, 7}, {kPeer, 1}), second);
  EXPECT_EQ(table.local_endpoint(first)->port, 0);
  ASSERT_TRUE(table.bind(first, {kOurs, 8}));
  EXPECT_EQ(table.receiver({kOurs, 8}, {kPeer, 1}), first);
}

TEST_F(TableTest, ConnectRefusesWhatCannotBe) {
  const auto id = open();
  EXPECT_EQ(table.connect(id, {kPeer, 0}, kOurs).error(), Errc::kInvalid);
  EXPECT_EQ(table.connect(id, {kAny4, 9}, kOurs).error(), Errc::kInvalid);
  const IpAddress v6 = *IpAddress::parse("2001:db8::1");
  EXPECT_EQ(table.connect(id, {v6, 9}, kOurs).error(), Errc::kAfNotSupported);
  EXPECT_EQ(table.connect(id, {v6, 9}, v6).error(), Errc::kAfNotSupported);
  const auto only6 = open(IpFamily::kV6);
  ASSERT_TRUE(table.set_dual_stack(only6, DualStack::kOff));
  EXPECT_EQ(table.connect(only6, {kPeer, 9}, kOurs).error(), Errc::kAfNotSupported);
  const auto bound6 = open(IpFamily::kV6);
  ASSERT_TRUE(table.bind(bound6, {v6, 7}));
  EXPECT_EQ(table.connect(bound6, {kPeer, 9}, kOurs).error(), Errc::kAfNotSupported);
  ASSERT_TRUE(table.close(id));
  EXPECT_EQ(table.connect(id, {kPeer, 9}, kOurs).error(), Errc::kBadFd);
}

TEST_F(TableTest, TheSameFourNumbersBelongToOneSocket) {
  const auto first = open();
  ASSERT_TRUE(table.bind(first, {kOurs, 7}));
  ASSERT_TRUE(table.connect(first, {kPeer, 1}, kOurs));
  const auto second = open();
  ASSERT_TRUE(table.bind(second, {kOurs, 7}));
  EXPECT_EQ(table.connect(second, {kPeer, 1}, kOurs).error(), Errc::kAddrInUse);
  EXPECT_TRUE(table.connect(second, {kPeer, 2}, kOurs));
  EXPECT_TRUE(table.connect(first, {kPeer, 1}, kOurs));  // its own
}

}  // namespace
}  // namespace zs::udp
