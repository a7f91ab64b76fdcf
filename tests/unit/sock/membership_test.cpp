#include <gtest/gtest.h>

#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;

const IpAddress kNews = IpAddress::v4(239, 5, 5, 5);

TEST(Membership, JoinReceiveLeave) {
  Sockets w;
  const int fd = w.datagram();
  ASSERT_TRUE(w.table->bind(fd, {IpAddress::any(IpFamily::kV4), 7}));
  const auto frame = World::udp(7, text("news"), kPeer, kNews);
  ASSERT_TRUE(w.table->join_group(fd, kNews, std::nullopt));
  w.give(frame);
  EXPECT_EQ(w.read(fd), "news");
  EXPECT_EQ(w.table->join_group(fd, kNews, std::nullopt).error(), Errc::kAddrInUse);
  ASSERT_TRUE(w.table->leave_group(fd, kNews, std::nullopt));
  EXPECT_EQ(w.table->leave_group(fd, kNews, std::nullopt).error(), Errc::kAddrNotAvailable);
  w.give(frame);
  EXPECT_EQ(w.drops(Drop::kIpNotForUs), 1u);
}

TEST(Membership, CloseLeaves) {
  Sockets w;
  const int keeper = w.datagram();
  const int fd = w.datagram();
  ASSERT_TRUE(w.table->bind(keeper, {IpAddress::any(IpFamily::kV4), 7}));
  ASSERT_TRUE(w.table->join_group(fd, kNews, 0));
  const auto frame = World::udp(7, text("news"), kPeer, kNews);
  w.give(frame);
  EXPECT_EQ(w.read(keeper), "news");  // whoever joined, the port's sockets get it
  ASSERT_TRUE(w.table->close(fd));
  w.give(frame);
  EXPECT_EQ(w.drops(Drop::kIpNotForUs), 1u);
}

TEST(Membership, WrongRequests) {
  Sockets w;
  const int four = w.datagram();
  EXPECT_EQ(w.table->join_group(99, kNews, 0).error(), Errc::kBadFd);
  EXPECT_EQ(w.table->join_group(w.stream(), kNews, 0).error(), Errc::kNotSupported);
  EXPECT_EQ(w.table->join_group(four, kPeer, 0).error(), Errc::kInvalid);
  EXPECT_EQ(w.table->join_group(four, kNews, 5).error(), Errc::kNoDevice);
  EXPECT_EQ(w.table->join_group(four, *IpAddress::parse("ff05::1"), 0).error(),
            Errc::kAfNotSupported);
  EXPECT_EQ(w.table->leave_group(99, kNews, 0).error(), Errc::kBadFd);
  EXPECT_EQ(w.table->leave_group(w.stream(), kNews, 0).error(), Errc::kNotSupported);
  for (std::uint8_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(w.table->join_group(four, IpAddress::v4(239, 0, 0, i), 0));
  }
  EXPECT_EQ(w.table->join_group(four, kNews, 0).error(), Errc::kNoBuffers);
}

TEST(Membership, OptionsOfDatagramSockets) {
  Sockets w;
  const int fd = w.datagram(IpFamily::kV6);
  struct Case {
    Option option;
    int before;
    int after;
  };
  for (const Case& c : {Case{Option::kReuseAddress, 0, 1}, Case{Option::kV6Only, 0, 1},
                        Case{Option::kDontFragment, 0, 1}, Case{Option::kGroupLoop, 1, 0},
                        Case{Option::kGroupHops, 1, 9}, Case{Option::kGroupInterface, 0, 1}}) {
    EXPECT_EQ(*w.table->option(fd, c.option), c.before);
    ASSERT_TRUE(w.table->set_option(fd, c.option, c.after));
    EXPECT_EQ(*w.table->option(fd, c.option), c.after);
    EXPECT_FALSE(w.table->option(w.stream(), c.option) && c.option == Option::kGroupHops);
  }
  ASSERT_TRUE(w.table->set_option(fd, Option::kGroupHops, -1));
  EXPECT_EQ(*w.table->option(fd, Option::kGroupHops), 1);
  EXPECT_EQ(w.table->set_option(fd, Option::kGroupHops, 256).error(), Errc::kInvalid);
  EXPECT_EQ(w.table->set_option(fd, Option::kGroupInterface, 9).error(), Errc::kNoDevice);
  ASSERT_TRUE(w.table->set_option(fd, Option::kGroupInterface, 0));
  EXPECT_EQ(w.table->option(fd, Option::kLinger).error(), Errc::kNotSupported);
  ASSERT_TRUE(w.table->bind(fd, {IpAddress{}, 7}));
  EXPECT_EQ(w.table->set_option(fd, Option::kV6Only, 0).error(), Errc::kInvalid);
  EXPECT_EQ(w.table->option(w.datagram(), Option::kV6Only).error(), Errc::kNotSupported);
}

TEST(Membership, BroadcastsHaveToBeMeant) {
  Sockets w;
  const int fd = w.datagram();
  for (const char* to : {"10.0.0.255", "255.255.255.255"}) {
    auto chain = w.chain("x");
    ASSERT_TRUE(w.table->set_option(fd, Option::kBroadcast, 0));
    EXPECT_EQ(w.table->send_to(fd, chain, {*IpAddress::parse(to), 9}).error(), Errc::kAccess);
    ASSERT_TRUE(w.table->set_option(fd, Option::kBroadcast, 1));
    EXPECT_EQ(*w.table->option(fd, Option::kBroadcast), 1);
    EXPECT_TRUE(w.table->send_to(fd, chain, {*IpAddress::parse(to), 9}));
  }
}

TEST(Membership, DontFragmentRefusesWhatIsTooLong) {
  Sockets w;
  const int fd = w.datagram();
  auto large = w.chain(std::string(1'473, 'x'));
  ASSERT_TRUE(w.table->set_option(fd, Option::kDontFragment, 1));
  EXPECT_EQ(w.table->send_to(fd, large, {kPeer, 9}).error(), Errc::kMessageSize);
  ASSERT_TRUE(w.table->set_option(fd, Option::kDontFragment, 0));
  EXPECT_TRUE(w.table->send_to(fd, large, {kPeer, 9}));
}

TEST(Membership, AV6OnlyStreamServesNoIpv4) {  // RFC 3493 §5.3
  Sockets w;
  const int six = w.stream(IpFamily::kV6);
  ASSERT_TRUE(w.table->set_option(six, Option::kV6Only, 1));
  EXPECT_EQ(*w.table->option(six, Option::kV6Only), 1);
  EXPECT_EQ(w.table->bind(six, {kOurs, 80}).error(), Errc::kAfNotSupported);
  ASSERT_TRUE(w.table->bind(six, {IpAddress{}, 80}));
  EXPECT_EQ(w.table->set_option(six, Option::kV6Only, 0).error(), Errc::kInvalid);
  ASSERT_TRUE(w.table->listen(six, 4));
  const int client = w.stream();
  EXPECT_EQ(w.table->connect(client, {kOurs, 80}).error(), Errc::kInProgress);
  w.settle();
  EXPECT_EQ(w.table->take_error(client), Errc::kConnRefused);
  // So the port is free for IPv4.
  const int four = w.stream();
  ASSERT_TRUE(w.table->bind(four, {IpAddress::any(IpFamily::kV4), 80}));
  ASSERT_TRUE(w.table->listen(four, 4));
  const int again = w.stream();
  EXPECT_EQ(w.table->connect(again, {kOurs, 80}).error(), Errc::kInProgress);
  w.settle();
  EXPECT_TRUE(w.table->accept(four));
  const int other = w.stream(IpFamily::kV6);
  ASSERT_TRUE(w.table->set_option(other, Option::kV6Only, 1));
  EXPECT_EQ(w.table->connect(other, {kOurs, 80}).error(), Errc::kNoRoute);
  EXPECT_EQ(w.table->set_option(w.stream(), Option::kV6Only, 1).error(), Errc::kInvalid);
}

// A dual-stack socket serves both families of one port, and so takes the port of both.
TEST(Membership, ADualStackStreamServesBoth) {
  Sockets w;
  const int both = w.listener({IpAddress{}, 80});
  const int four = w.stream();
  EXPECT_EQ(w.table->bind(four, {IpAddress::any(IpFamily::kV4), 80}).error(), Errc::kAddrInUse);
  EXPECT_EQ(w.table->connect(four, {kOurs, 80}).error(), Errc::kInProgress);
  const int six = w.stream(IpFamily::kV6);
  EXPECT_EQ(w.table->connect(six, {kOurs6, 80}).error(), Errc::kInProgress);
  w.settle();
  EXPECT_TRUE(w.table->accept(both));
  EXPECT_TRUE(w.table->accept(both));
}

// RFC 1122 §4.1.3.3: what ICMP says of a datagram comes to its connected socket.
TEST(Membership, IcmpErrorsComeToConnectedDatagramSockets) {
  struct Case {
    std::uint8_t code4, code6;
    Errc error;
  };
  for (const Case& c : {Case{3, 4, Errc::kConnRefused}, Case{1, 3, Errc::kHostUnreachable}}) {
    for (const bool six : {false, true}) {
      Sockets w;
      w.introduce();
      w.give(World::solicitation(kOurs6));
      w.drain();
      const int fd = w.datagram(six ? IpFamily::kV6 : IpFamily::kV4);
      const int stranger = w.datagram(six ? IpFamily::kV6 : IpFamily::kV4);
      ASSERT_TRUE(w.table->connect(fd, {six ? kPeer6 : kPeer, 9}));
      ASSERT_EQ(w.write(fd, "x"), Errc{});
      const auto sent = w.drain();
      ASSERT_EQ(sent.size(), 1u);
      Bytes m(8);
      if (six) {
        wire::Icmpv6Spec::unreachable(c.code6).write(m);
      } else {
        wire::IcmpSpec::unreachable(c.code4).write(m);
      }
      m.insert(m.end(), sent[0].bytes.begin() + 14, sent[0].bytes.end());
      if (six) {
        wire::fill_icmpv6_checksum(kPeer6, kOurs6, m);
        w.give(World::ip(wire::ip_protocol::kIcmpv6, m, kPeer6, kOurs6));
      } else {
        wire::fill_icmp_checksum(m);
        w.give(World::ip(wire::ip_protocol::kIcmp, m));
      }
      EXPECT_EQ(w.table->take_error(stranger), Errc{});
      EXPECT_EQ(w.table->take_error(fd), c.error);
      EXPECT_EQ(w.table->take_error(fd), Errc{});
    }
  }
}

}  // namespace
}  // namespace zs::sock
